import type { Clock } from "@stem/sdk/internal";
import { WorkerStopping } from "./errors.ts";
import type { HeldLease } from "./lease.ts";
import { released, unstarted } from "./settlement.ts";
import type { Slots } from "./slots.ts";
import type { StopPlan } from "./stopping.ts";
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
};

// What the server has not answered by then runs again when its lease is over.
const answersMsMax = 5000;
// A thread or process that was ended by force is gone in far less.
const killMsMax = 5000;

/**
 * Stops in order: takes nothing more, gives back what has not begun, lets handlers end, asks the others to, ends by force what can be,
 * gives back what even then goes on, waits for the server's answers, says goodbye. Nothing is ever cancelled by it.
 */
export async function drain(deps: DrainDeps, plan: StopPlan): Promise<void> {
  const { clock, slots, settlements, link } = deps;
  deps.credit.close();
  deps.session.close();
  for (const lease of slots.close()) settlements.add(lease, unstarted);
  link.wake();
  await within(clock, plan.letMs, slots.idle(), plan.ask);
  for (const lease of slots.running) lease.abort(new WorkerStopping());
  await within(clock, plan.askMs(), slots.idle(), plan.force);
  await endByForce(deps);
  for (const lease of goingOn(slots)) settlements.add(lease, released);
  await within(clock, answersMsMax, settlements.idle());
  await link.close();
}

async function endByForce({ clock, slots }: DrainDeps): Promise<void> {
  const doomed = goingOn(slots).filter(({ kill }) => kill !== undefined);
  for (const { kill } of doomed) kill?.();
  if (doomed.length > 0) await within(clock, killMsMax, slots.ended(doomed));
}

const goingOn = (slots: Slots): HeldLease[] => [...slots.running].filter(({ phase }) => phase === "running");

/** Waits for something, but not for longer than `ms`, and not when hurried. Leaves no timer behind. */
function within(clock: Clock, ms: number, event: Promise<void>, hurry?: AbortSignal): Promise<void> {
  if (ms <= 0) return Promise.resolve();
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
