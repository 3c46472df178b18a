import type { Limits } from "../../model/limits.ts";
import { createLeaseCache, type LeaseCache, type LeaseHint } from "../sql/lease-cache.ts";
import { type Backlog, createBacklog } from "./backlog.ts";
import { type Claims, createClaims } from "./claims.ts";
import type { Database } from "./files/connection.ts";
import { createGates, type Gates } from "./gates.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createQueueRegistry, type QueueEntry, type QueueRegistry } from "./queue-registry.ts";
import { createRevocations, type Revocations } from "./revocations.ts";
import { createSideTables, type SideTables } from "./side-tables.ts";

/** What is remembered of a lease, also where its task is tied. */
export type Hint = LeaseHint<QueueEntry> & { readonly isTied: boolean };

/** What the writing verbs share: one connection, and what is remembered beside it. */
export type Writing = SideTables & {
  readonly db: Database;
  readonly limits: Limits;
  /** The first part of every fence given from now on. */
  readonly epoch: number;
  readonly queues: QueueRegistry;
  readonly ledger: Ledger;
  readonly backlog: Backlog;
  readonly leases: LeaseCache<Hint>;
  readonly claims: Claims;
  readonly revocations: Revocations;
  readonly gates: Gates;
};

/** Reads what is remembered beside a connection. */
export function createWriting(base: Pick<Writing, "db" | "limits" | "epoch">): Writing {
  const { db, epoch, limits } = base;
  const queues = createQueueRegistry(db, limits.queuesPerNamespaceMax);
  const gates = createGates(db, queues);
  return {
    ...base,
    queues,
    gates,
    ledger: createLedger(db, epoch, gates.returned),
    backlog: createBacklog(db, queues),
    leases: createLeaseCache(),
    claims: createClaims(db),
    revocations: createRevocations(db),
    ...createSideTables(db, queues),
  };
}

/** Forgets what a transaction that was undone had made to be remembered. */
export function forget(writing: Writing): void {
  const { ledger, backlog, queues, leases, deadlines, revocations, gates, continuations, canvases } = writing;
  writing.schedules.discard();
  ledger.discard();
  backlog.discard();
  continuations.take();
  canvases.barriers.discard();
  canvases.places.recent.clear();
  queues.reload();
  deadlines.reload();
  leases.clear();
  revocations.reload();
  gates.reload();
}
