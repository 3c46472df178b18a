import type { HeldLease } from "./lease.ts";
import type { MachineFacts } from "./machine.ts";
import type { Outcome } from "./settlement.ts";
import type { Slots } from "./slots.ts";

/** How a worker is doing. */
export type WorkerStats = MachineFacts & {
  readonly name: string;
  readonly startedAt: Date;
  readonly uptimeMs: number;
  /** Attempts begun since it started. */
  readonly started: number;
  readonly succeeded: number;
  /** Attempts that failed, were rejected or asked for another. */
  readonly failed: number;
  /** Handlers that run now, zombies included. */
  readonly running: number;
  /** Leased tasks that wait for a slot. */
  readonly waiting: number;
  /** Handlers in the worker's own process that go on although their attempts are over, each in its slot. */
  readonly zombies: number;
  /** How many handlers can run at once now. */
  readonly slots: number;
  /** How many there may be at most, where they follow the backlog. */
  readonly slotsMax: number;
  /** Threads and child processes there are. */
  readonly children: number;
  /** The tasks that it holds, those that wait for a slot included, by queue. */
  readonly held: ReadonlyMap<string, number>;
};

/** Counts what became of attempts. */
export class Tally {
  succeeded = 0;
  failed = 0;
  /** Attempts whose handlers have ended. */
  ended = 0;

  /** An attempt is over; undefined: nothing is said of it. */
  count(outcome: Outcome | undefined): void {
    if (outcome === undefined) return;
    if (outcome.case === "succeeded" || outcome.case === "replaced") this.succeeded += 1;
    else if (outcome.case !== "released" && outcome.case !== "unknownName") this.failed += 1;
  }
}

/** What stats are made of. */
export type StatsParts = {
  readonly name: string;
  readonly startedAt: Date;
  readonly uptimeMs: number;
  readonly machine: MachineFacts;
  readonly tally: Tally;
  readonly slots: Slots;
  readonly slotsMax: number;
  readonly children: number;
  readonly leases: Iterable<HeldLease>;
};

/** Puts a worker's numbers together. */
export const statsOf = ({ machine, tally, slots, leases, ...rest }: StatsParts): WorkerStats => ({
  ...machine,
  ...rest,
  started: tally.ended + slots.running.size,
  succeeded: tally.succeeded,
  failed: tally.failed,
  running: slots.running.size,
  waiting: slots.waiting,
  zombies: slots.zombies,
  slots: slots.concurrency,
  held: heldByQueue(leases),
});

function heldByQueue(leases: Iterable<HeldLease>): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (const { grant } of leases) held.set(grant.queue, (held.get(grant.queue) ?? 0) + 1);
  return held;
}
