import type { TaskTies } from "../../server/src/model/gate.ts";
import {
  type Bytes,
  defaultNamespace,
  queueNameOf,
  taskIdOf,
  taskNameOf,
} from "../../server/src/model/ids.ts";
import { defaults } from "../../server/src/model/limits.ts";
import { usualRetryPolicy } from "../../server/src/model/retry.ts";
import type { NewTask, TaskPolicy } from "../../server/src/model/task.ts";

/** The queue of tasks that name none. */
export const defaultQueue = queueNameOf(defaults.queue);

/** What the server makes of options that the producer left out. */
export const defaultPolicy: TaskPolicy = {
  maxAttempts: defaults.maxAttempts,
  maxDeliveries: defaults.maxDeliveries,
  retry: usualRetryPolicy(defaults),
  leaseMs: undefined,
  retentionMs: defaults.retentionMs,
  deadLetterRetentionMs: defaults.deadLetterRetentionMs,
};

/** What a test says of a task that differs from an ordinary one. */
export type TaskDetails = Partial<Omit<NewTask, "id" | "policy">> & { readonly policy?: Partial<TaskPolicy> };

/** An ordinary task. Two of the same content are the same submission. */
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
    ties: undefined,
    content: bytesOf(`content of ${id}`),
    ...rest,
  };
  return {
    contentHash: undefined,
    ...task,
    id: taskIdOf(id),
    // Whoever says how long a task is kept means it however that ends.
    policy: {
      ...defaultPolicy,
      ...(policy?.retentionMs !== undefined && { deadLetterRetentionMs: policy.retentionMs }),
      ...policy,
    },
  };
}

/** What ties a task that says no more than this. */
export const tiesOf = (ties: Partial<TaskTies>): TaskTies => ({
  ...{ limitKey: undefined, orderingKey: undefined, fairnessKey: undefined, labels: undefined },
  ...ties,
});

/** The bytes of a text. */
export const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);
