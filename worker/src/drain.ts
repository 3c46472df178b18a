import type { Clock } from "@stem/sdk/internal";
import { WorkerStopping } from "./errors.ts";
import { released, unstarted } from "./settlement.ts";
import type { Slots } from "./slots.ts";
import type { Credit } from "./stream/credit.ts";
import type { Link } from "./stream/reconnect.ts";
import type { Session } from "./stream/session.ts";
import type { Settlements } from "./stream/settlements.ts";

/** What stopping touches. */
export type DrainDeps = {
  readonly clock: Clock;
  readonly slots: Slots;
  readonly session: Session;
  readonly credit: Credit;
  readonly settlements: Settlements;
  readonly link: Link;
  readonly abortGraceMs: number;
  /** Ends the waits for handlers. */
  readonly hurry: AbortSignal;
};

// What the server has not answered by then runs again when its lease is over.
const answersMsMax = 5000;

/**
 * Stops in order: takes nothing more, gives back what has not begun, lets handlers end for `graceMs`, aborts the others, gives back
 * what even then goes on, waits for the server's answers, says goodbye.
 */
export async function drain(deps: DrainDeps, graceMs: number): Promise<void> {
  const { clock, slots, settlements, link, hurry } = deps;
  deps.credit.close();
  deps.session.close();
  for (const lease of slots.close()) settlements.add(lease, unstarted);
  link.wake();
  await within(clock, graceMs, slots.idle(), hurry);
  for (const lease of slots.running) lease.abort(new WorkerStopping());
  await within(clock, deps.abortGraceMs, slots.idle());
  for (const lease of slots.running) if (lease.phase === "running") settlements.add(lease, released);
  await within(clock, answersMsMax, settlements.idle());
  await link.close();
}

/** Waits for something, but not for longer than `ms`, and not when hurried. Leaves no timer behind. */
function within(clock: Clock, ms: number, event: Promise<void>, hurry?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      hurry?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    hurry?.addEventListener("abort", end, { once: true });
    void event.then(end);
    if (hurry?.aborted) end();
  });
}
