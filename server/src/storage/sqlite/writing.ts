import type { Limits } from "../../model/limits.ts";
import { type Claims, createClaims } from "./claims.ts";
import type { Database } from "./files/connection.ts";
import { createLeaseCache, type LeaseCache } from "./lease-cache.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createQueueRegistry, type QueueRegistry } from "./queue-registry.ts";
import { createRevocations, type Revocations } from "./revocations.ts";
import { createSideTables, type SideTables } from "./side-tables.ts";

/** What the writing verbs share: one connection, and what is remembered beside it. */
export type Writing = SideTables & {
  readonly db: Database;
  readonly limits: Limits;
  /** The first part of every fence given from now on. */
  readonly epoch: number;
  readonly queues: QueueRegistry;
  readonly ledger: Ledger;
  readonly leases: LeaseCache;
  readonly claims: Claims;
  readonly revocations: Revocations;
};

/** Reads what is remembered beside a connection. */
export const createWriting = (base: Pick<Writing, "db" | "limits" | "epoch">): Writing => ({
  ...base,
  queues: createQueueRegistry(base.db),
  ledger: createLedger(base.db, base.epoch),
  leases: createLeaseCache(),
  claims: createClaims(base.db),
  revocations: createRevocations(base.db),
  ...createSideTables(base.db),
});

/** Forgets what a transaction that was undone had made to be remembered. */
export function forget({ ledger, queues, leases, deadlines, revocations }: Writing): void {
  ledger.discard();
  queues.reload();
  deadlines.reload();
  leases.clear();
  revocations.reload();
}
