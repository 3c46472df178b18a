import { createHash } from "node:crypto";
import {
  type Bytes,
  defaultNamespace,
  queueNameOf,
  taskIdOf,
  taskNameOf,
} from "../../server/src/model/ids.ts";
import { defaults } from "../../server/src/model/limits.ts";
import { defaultRetryPolicy } from "../../server/src/model/retry.ts";
import type { NewTask, TaskPolicy } from "../../server/src/model/task.ts";

/** The queue of tasks that name none. */
export const defaultQueue = queueNameOf(defaults.queue);

/** What the server makes of options that the producer left out. */
export const defaultPolicy: TaskPolicy = {
  maxAttempts: defaults.maxAttempts,
  maxDeliveries: defaults.maxDeliveries,
  retry: defaultRetryPolicy,
  leaseMs: undefined,
  retentionMs: defaults.retentionMs,
};

/** What a test says of a task that differs from an ordinary one. */
export type TaskDetails = Partial<Omit<NewTask, "id" | "policy">> & { readonly policy?: Partial<TaskPolicy> };

/** An ordinary task. Two of the same name, queue and content have the same content hash. */
export function newTask(id: string, details: TaskDetails = {}): NewTask {
  const { policy, ...rest } = details;
  const task = {
    namespace: defaultNamespace,
    name: taskNameOf("mail.send"),
    queue: defaultQueue,
    priority: defaults.priority,
    notBefore: undefined,
    tags: [],
    replayOf: undefined,
    content: bytesOf(`content of ${id}`),
    ...rest,
  };
  return {
    contentHash: hashOf(task.namespace, task.name, task.queue, task.content),
    ...task,
    id: taskIdOf(id),
    policy: { ...defaultPolicy, ...policy },
  };
}

/** The bytes of a text. */
export const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);

function hashOf(...parts: readonly (string | Bytes)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("base64url");
}
