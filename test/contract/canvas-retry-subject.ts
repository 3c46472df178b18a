import { createReading } from "../../server/src/canvas/reading.ts";
import { createRetry, type Retried } from "../../server/src/canvas/retry.ts";
import { canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { unmarked } from "../support/new-canvas.ts";
import { failing, named, rootOf, textOf } from "./canvas-subject.ts";
import { type Subject, settlementOf } from "./subject.ts";

/** Retries a canvas as the room does. */
export function retry(
  { store, now }: Subject,
  id: string,
  newId: string,
  canvasTasksMax: number = limits.canvasTasksMax,
): Promise<Retried> {
  const clock = { now: () => now, after: () => () => undefined };
  const { get } = createReading({ store, limits });
  const retrying = createRetry({
    ...{ store, clock, get, markFamily: () => unmarked, announce: () => undefined },
    limits: { ...limits, canvasTasksMax },
  });
  return retrying({ namespace: defaultNamespace, id: canvasIdOf(id) }, canvasIdOf(newId));
}

/** Succeeds with what its task is called, unless that is among these. */
export const failingAt =
  (...names: readonly string[]) =>
  (claimed: Claimed): Outcome =>
    names.includes(textOf(claimed.content)) ? failing : named(claimed);

/** Ends a canvas before its members. */
export const close = (subject: Subject, id: string): Promise<boolean> =>
  subject.store.closeBarrier({
    ...{ ref: rootOf(id), state: "cancelled", cause: undefined, now: subject.now },
  });

/** Runs so many tasks, or whatever is ready, a thousand with a call. */
export async function runAll(
  subject: Subject,
  outcomeOf: (claimed: Claimed) => Outcome,
  most = Number.POSITIVE_INFINITY,
): Promise<void> {
  for (let left = most; left > 0; ) {
    const claimed = await subject.claim({ limit: Math.min(left, 1000) });
    if (claimed.length === 0) return;
    await subject.store.settle(claimed.map((one) => settlementOf(one, outcomeOf(one), subject.now)));
    left -= claimed.length;
  }
}
