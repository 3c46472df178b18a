import { scoped } from "../../model/gate.ts";
import type { Limits } from "../../model/limits.ts";
import type { QueueCreation } from "../../model/namespace.ts";
import type { Clock } from "../../ports/clock.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import { stateCode } from "../sql/codes.ts";
import type { LeaseCache, LeaseHint } from "../sql/lease-cache.ts";
import { type Backlog, createBacklog } from "./backlog.ts";
import { type Continuations, createContinuations } from "./continuations.ts";
import { createGates, type Gates } from "./gates.ts";
import { createLedger, type Ledger, type QueueChange, type Told } from "./ledger.ts";
import type { QueueEntry, QueueRegistry } from "./queue-registry.ts";
import { createRooms, type Rooms } from "./rooms.ts";
import type { Rules } from "./rules.ts";
import type { Session } from "./session.ts";
import type { Tenure } from "./takeover.ts";

/** One transaction, as verbs see it: where they run their statements, what they tell of it, and what is remembered beside it. */
export type Work = Tenure & {
  readonly db: Session;
  readonly limits: Limits;
  readonly lockClass: number;
  readonly queues: QueueRegistry;
  /** Of tasks that nothing ties. */
  readonly leases: LeaseCache<LeaseHint<QueueEntry>>;
  readonly rules: Rules;
  readonly ledger: Ledger;
  readonly gates: Gates;
  readonly backlog: Backlog;
  readonly rooms: Rooms;
  readonly continuations: Continuations;
  /** The transaction's number, where a statement has told it before the end. */
  readonly numbering: { xid: string | undefined };
};

type Made = "ledger" | "gates" | "backlog" | "rooms" | "continuations" | "numbering";

/** What a transaction begins with. */
export type WorkParts = Omit<Work, Made> & {
  readonly clock: Clock;
  readonly queueCreation: QueueCreation;
};

/** What a commit brought that others may wait for. */
export type Brought = {
  readonly ready: readonly QueueChange[];
  readonly news: GateNews | undefined;
  readonly told: Told;
  /** The number of its transaction, as far as it is known. */
  readonly xid: string | undefined;
};

/** What there is at the end of a transaction. */
export type Finished = Omit<Brought, "xid"> & {
  /** What the log says of it alone; undefined: nothing. */
  readonly proof: Buffer | undefined;
  /** Resolves when the last of what is owed is written, with the transaction's number if anything was written. */
  readonly written: Promise<string | undefined>;
};

/** A transaction that somebody began. */
export type RunningWork = Work & {
  /** Sends what is owed at its end; the COMMIT comes next, and need not wait. */
  finish(): Promise<Finished>;
};

/** Makes one. */
export function createWork({ clock, queueCreation, ...base }: WorkParts): RunningWork {
  const ledger = createLedger();
  const backlog = createBacklog(base.rules);
  const gates = createGates(base);

  /** Where leases of a queue ended that may have no more than so many at once, others may come. */
  function ringReturned(): void {
    for (const { queue, by } of ledger.changed(stateCode.leased)) {
      const place = { kind: "queue", text: scoped(queue.namespace, queue.name) } as const;
      if (by < 0 && gates.limits.has(place)) gates.bell.opened(queue, -by);
    }
  }

  return {
    ...base,
    ledger,
    gates,
    backlog,
    rooms: createRooms({ ...base, ledger, backlog, queueCreation }),
    continuations: createContinuations(),
    numbering: { xid: undefined },
    async finish() {
      await gates.tend(clock.now());
      ringReturned();
      await backlog.write(base.db, base.slot);
      const written = ledger.write(base.db, base.slot);
      return {
        ready: ledger.ready(),
        news: gates.bell.take(),
        told: ledger.told(),
        written,
        proof: ledger.proof(),
      };
    },
  };
}
