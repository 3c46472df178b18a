import type { Callback } from "../../server/src/model/canvas.ts";
import type { CanvasNode } from "../../server/src/model/canvas-node.ts";
import { queueNameOf, taskIdOf, taskNameOf } from "../../server/src/model/ids.ts";
import type { TaskPolicy } from "../../server/src/model/task.ts";
import { leaf } from "../support/new-canvas.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, defaultQueue, type TaskDetails } from "../support/new-task.ts";
import type { Plan, Script, TaskPlan } from "./canvas-plan.ts";

/** Where tasks wait that are not to run. */
export const idle = queueNameOf("idle");
/** Where tasks wait that are to be purged. */
export const purging = queueNameOf("purging");

/** The key that somebody has throughout. */
export const keyTaken = (run: string): string => `key of ${run}`;

/** A plan as the canvas that it is submitted as. `run`: what all its tasks are called. */
export function drawn(plan: Plan, run: string): CanvasNode {
  if (plan.kind === "task") return drawnTask(plan, run);
  const callbacks = plan.callbacks.map((on) => callbackOn(plan.label, on, run));
  if (plan.kind === "chain")
    return { kind: "chain", callbacks, steps: plan.steps.map((step) => drawn(step, run)) };
  const { onMemberFailure, additions, members } = plan;
  const nodes = members.map((member) => drawn(member, run));
  return { kind: "group", callbacks, onMemberFailure, isOpen: additions !== undefined, members: nodes };
}

/** What a callback, or a link, is called. */
export const calledFor = (label: string, on: Callback["on"]): string => `${label}!${on}`;

/** The task for an end of a node. */
export const callbackOn = (label: string, on: Callback["on"], run: string): Callback => ({
  ...linkOn("succeeded", { task: { name: taskNameOf(run), content: bytesOf(calledFor(label, on)) } }),
  on,
});

function drawnTask({ label, script, links, isHanded, hasOwnId }: TaskPlan, run: string): CanvasNode {
  const made = linking(
    ...links.map((on) =>
      linkOn(on, { task: { name: taskNameOf(run), content: bytesOf(calledFor(label, on)) } }),
    ),
  );
  const details: TaskDetails = {
    name: taskNameOf(run),
    queue: queueOf(script),
    ...(links.length > 0 && { links: made.links }),
    ...((script.kind === "key_taken" || script.kind === "key_kept") && {
      unique: {
        ...{ key: keyTaken(run), onConflict: script.kind === "key_taken" ? "reject" : "return" },
        ...{ keepUntil: undefined, startBy: undefined },
      },
    }),
    // What is kept so short goes unless its canvas holds it.
    policy: { retentionMs: 10, ...(links.length > 0 && made.policy), ...policyOf(script) },
  };
  return leaf(label, details, {
    ...((hasOwnId || script.kind === "id_taken") && { ownId: taskIdOf(`own ${label}`) }),
    hands: isHanded ? { member: undefined } : undefined,
  });
}

function queueOf({ kind }: Script): typeof idle {
  if (kind === "cancelled" || kind === "expires") return idle;
  return kind === "purged" ? purging : defaultQueue;
}

/** Leases are long, but for those that are to be lost. */
function policyOf(script: Script): Partial<TaskPolicy> {
  const leaseMs = 3_600_000;
  switch (script.kind) {
    case "fails":
      return { leaseMs, maxAttempts: script.reason === "max_attempts" ? 1 : 4 };
    case "loses_lease":
      return { leaseMs: 1000 };
    case "lost":
      return { leaseMs: 1000, maxDeliveries: 1 };
    case "unknown_name":
      return { leaseMs, maxDeliveries: 2 };
    case "expires":
      return { expireMs: 5000 };
    case "key_taken":
    case "key_kept":
      return { leaseMs, unique: { until: "ended", forMs: 0 } };
    default:
      return { leaseMs };
  }
}
