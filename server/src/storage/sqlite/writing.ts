import type { Limits } from "../../model/limits.ts";
import type { Database } from "./files/connection.ts";
import type { LeaseCache } from "./lease-cache.ts";
import type { Ledger } from "./ledger.ts";
import type { QueueRegistry } from "./queue-registry.ts";
import type { SideTables } from "./side-tables.ts";

/** What the writing verbs share: one connection, and what is remembered beside it. */
export type Writing = SideTables & {
  readonly db: Database;
  readonly limits: Limits;
  /** The first part of every fence given from now on. */
  readonly epoch: number;
  readonly queues: QueueRegistry;
  readonly ledger: Ledger;
  readonly leases: LeaseCache;
};
