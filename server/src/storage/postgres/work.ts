import { scoped } from "../../model/gate.ts";
import type { Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import { stateCode } from "../sql/codes.ts";
import { createGates, type Gates } from "./gates.ts";
import type { Leases } from "./leases.ts";
import { createLedger, type Ledger, type QueueChange } from "./ledger.ts";
import type { QueueRegistry } from "./queue-registry.ts";
import type { Rules } from "./rules.ts";
import type { Session } from "./session.ts";
import type { Tenure } from "./takeover.ts";

/** One transaction, as verbs see it: where they run their statements, what they tell of it, and what is remembered beside it. */
export type Work = Tenure & {
  readonly db: Session;
  readonly limits: Limits;
  readonly lockClass: number;
  readonly queues: QueueRegistry;
  readonly leases: Leases;
  readonly rules: Rules;
  readonly ledger: Ledger;
  readonly gates: Gates;
};

/** What a commit brought that others may wait for. */
export type Brought = { readonly ready: readonly QueueChange[]; readonly news: GateNews | undefined };

/** A transaction that somebody began. */
export type RunningWork = Work & {
  /** Writes what is owed at its end; the COMMIT comes next. */
  finish(): Promise<Brought>;
};

/** Makes one. */
export function createWork({
  clock,
  ...base
}: Omit<Work, "ledger" | "gates"> & { readonly clock: Clock }): RunningWork {
  const ledger = createLedger();
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
    async finish() {
      await gates.tend(clock.now());
      ringReturned();
      await ledger.write(base.db, base.slot);
      const ready = ledger.changed(stateCode.ready).filter(({ by }) => by > 0);
      return { ready, news: gates.bell.take() };
    },
  };
}
