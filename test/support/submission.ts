import { createHash } from "node:crypto";
import type { TaskSubmission } from "../../server/src/broker/broker.ts";
import { queueNameOf, taskIdOf, taskNameOf } from "../../server/src/model/ids.ts";

/** What of a submission a test says; the rest is as plain as can be. */
export type SubmissionWish = Partial<Omit<TaskSubmission, "id" | "queue" | "content">> & {
  readonly id?: string;
  readonly queue?: string;
  readonly content?: string | Uint8Array;
};

/** A task to enqueue. Its hash is taken over its id and content, so equal wishes are equal submissions. */
export function submissionOf({ id, queue, content, ...rest }: SubmissionWish = {}): TaskSubmission {
  const bytes =
    typeof content === "string" || content === undefined ? Buffer.from(content ?? "work") : content;
  return {
    id: id === undefined ? undefined : taskIdOf(id),
    name: taskNameOf("test.work"),
    queue: queue === undefined ? undefined : queueNameOf(queue),
    priority: undefined,
    policy: {},
    start: undefined,
    tags: [],
    routingKey: undefined,
    headers: {},
    ties: undefined,
    content: bytes,
    contentHash: createHash("sha256").update(bytes).digest("base64url"),
    ...rest,
  };
}
