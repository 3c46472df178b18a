import type { Clock } from "@stem/sdk/internal";
import { type EventHub, factsOf } from "./events.ts";
import type { HeldLease } from "./lease.ts";
import { readMachine } from "./machine.ts";
import type { Registry } from "./registry.ts";
import type { Outcome } from "./settlement.ts";
import { type StatsParts, statsOf, Tally, type WorkerStats } from "./stats.ts";
import { tellEnd } from "./tell-end.ts";

/** What a worker's accounts are kept of. */
export type AccountsDeps = {
  readonly name: string;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly events: EventHub;
};

/** What stats are taken of. */
export type StatsNow = Pick<StatsParts, "slots" | "slotsMax" | "children" | "leases">;

/** Counts what becomes of attempts, and tells whoever listens. */
export type Accounts = {
  readonly began: (lease: HeldLease) => void;
  /** A handler has ended; `outcome`: what is said of it. */
  readonly ended: (lease: HeldLease, outcome: Outcome | undefined) => void;
  /** An attempt was settled over the head of its handler. */
  readonly abandoned: (lease: HeldLease, outcome: Outcome) => void;
  readonly softlyTimedOut: (lease: HeldLease) => void;
  readonly timedOut: (lease: HeldLease) => void;
  readonly stats: (now: StatsNow) => WorkerStats;
};

/** Opens a worker's accounts. Where nobody listens, an attempt costs no more than a count. */
export function openAccounts({ name, registry, clock, events }: AccountsDeps): Accounts {
  const tally = new Tally();
  const openedAt = clock.now();
  const tell = (lease: HeldLease, outcome: Outcome | undefined): void => {
    if (events.hearsTasks) tellEnd({ lease, outcome, now: clock.now() }, events, registry);
  };
  return {
    began(lease) {
      if (events.hearsTasks) events.emit("task-prerun", { task: factsOf(lease) });
    },
    ended(lease, outcome) {
      tally.ended += 1;
      tally.count(outcome);
      // One that was settled over its head has been told of.
      if (lease.phase === "running") tell(lease, outcome);
    },
    abandoned(lease, outcome) {
      tally.count(outcome);
      tell(lease, outcome);
    },
    softlyTimedOut(lease) {
      const { softTimeLimitMs = 0 } = lease;
      if (events.hearsTasks) events.emit("task-soft-timeout", { task: factsOf(lease), softTimeLimitMs });
    },
    timedOut(lease) {
      const { timeLimitMs = 0 } = lease;
      if (events.hearsTasks) events.emit("task-timeout", { task: factsOf(lease), timeLimitMs });
    },
    stats: (now) =>
      statsOf({
        ...{ name, tally, ...now },
        // The clock only measures; the process knows when its own began.
        startedAt: new Date(performance.timeOrigin + openedAt),
        uptimeMs: clock.now() - openedAt,
        machine: readMachine(),
      }),
  };
}
