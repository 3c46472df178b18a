import type { Refusal } from "./admission.ts";
import type { QueueRef } from "./ids.ts";
import { type Problem, StemProblem } from "./problem.ts";

/** What a refusal is to whoever asked. */
export function problemOf({ refused, max = 0 }: Refusal, { namespace, queue }: QueueRef): Problem {
  switch (refused) {
    case "namespace_disabled":
      return { reason: "NAMESPACE_DISABLED", namespace, state: "disabled" };
    case "namespace_deleting":
      return { reason: "NAMESPACE_DISABLED", namespace, state: "deleting" };
    case "queue_unknown":
      return { reason: "QUEUE_UNKNOWN", queue };
    case "queue_limit":
      return { reason: "QUEUE_LIMIT_REACHED", queue, queuesMax: max };
    case "queue_closed":
      return { reason: "QUEUE_CLOSED", queue, state: "closed" };
    case "queue_deleting":
      return { reason: "QUEUE_CLOSED", queue, state: "deleting" };
    case "queue_full":
      return { reason: "QUEUE_FULL", queue, backlogMax: max };
    case "task_quota":
      return { reason: "QUOTA_EXCEEDED", namespace, quota: "backlog_tasks", max };
    case "byte_quota":
      return { reason: "QUOTA_EXCEEDED", namespace, quota: "backlog_bytes", max };
  }
}

/** Throws what a refusal is; anything else is let pass. */
export function throwRefusal(verdict: Refusal | string | undefined, ref: QueueRef): void {
  if (typeof verdict === "object") throw new StemProblem(problemOf(verdict, ref));
}
