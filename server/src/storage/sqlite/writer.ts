import type { Instant } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { Durability } from "../../ports/store.ts";
import type { LeaseTerms } from "../options.ts";
import { stateCode } from "../sql/codes.ts";
import type { StorePieces } from "./canvases/pieces.ts";
import { createCounters } from "./counters.ts";
import {
  checkSyncLevel,
  command,
  type Database,
  openConnection,
  type SyncLevel,
  setSyncLevel,
} from "./files/connection.ts";
import { migrate } from "./files/migrate.ts";
import { takeFile } from "./files/ownership.ts";
import { migrations } from "./migrations/migrations.ts";
import type { Checkpointed } from "./threads/verb.ts";
import type { WriterCalls } from "./threads/writer-verbs.ts";
import { createCheckpoint, createWalBytesUncopied, createWalPages } from "./wal.ts";
import { createWriterCalls } from "./writer-calls.ts";
import { createWriting, forget, type Writing } from "./writing.ts";

/** How the one writer of a file is opened. */
export type WriterOptions = {
  readonly path: string;
  readonly limits: Limits;
  /** What an accepted task shall be safe from; "relaxed" may lose the last ones with the power. */
  readonly durability: Exclude<Durability, "none">;
  readonly now: Instant;
  readonly lease: LeaseTerms;
  /** For tests: the file may have so many pages of 4 KiB. */
  readonly pagesMax: number | undefined;
};

/** The writing verbs, and the transactions in which they run. */
export type Writer = {
  readonly epoch: number;
  readonly calls: WriterCalls & StorePieces;
  /** Starts a transaction: all up to its end is stored as one, or not at all. Durable: as the store's durability says. */
  begin(isDurable: boolean): void;
  /** Ends it; what it owes is written, and it is as safe as it was begun to be when this returns. */
  commit(): void;
  /** Undoes it, and forgets what was remembered of it. */
  rollback(): void;
  /** What gates did in the commits since it was asked last. */
  readonly takeGateNews: Writing["gates"]["take"];
  /** How long the write-ahead log is, in pages. */
  walPages(): number;
  /** How much longer a checkpoint may make the data file, in bytes. */
  walBytesUncopied(): number;
  /** Copies the log into the data file; not in a transaction. */
  checkpoint(): Checkpointed;
  close(): void;
};

/**
 * Enough for what one transaction changes and for the pages that all of them touch. SQLite goes through its whole cache at the end of each
 * transaction that split a page, so that a large cache costs every commit: 64 MiB a quarter of a millisecond. What is not here is in the
 * operating system's cache.
 */
const cacheBytes = 8 * 1024 * 1024;

/** Opens the writer: brings the layout up to date and raises the epoch, durably, before anything else can happen. */
export function openWriter(options: WriterOptions): Writer {
  const { path, limits } = options;
  const durable: SyncLevel = options.durability === "disk" ? "full" : "normal";
  const db = openConnection(path, { sync: durable, cacheBytes, check: (found) => takeFile(found, path) });
  migrate(db, migrations, options.now);
  if (options.pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${options.pagesMax}`);
  const epoch = takeOver(db, options);
  const writing = createWriting({ db, limits, epoch });
  const calls = createWriterCalls(writing);
  const transaction = createTransactions(db, durable);

  return {
    epoch,
    calls,
    begin: transaction.begin,
    commit() {
      writing.ledger.write();
      writing.backlog.write();
      writing.canvases.barriers.write();
      transaction.commit();
    },
    rollback() {
      transaction.rollback();
      forget(writing);
    },
    takeGateNews: writing.gates.take,
    walPages: createWalPages(db),
    walBytesUncopied: createWalBytesUncopied(db),
    checkpoint: createCheckpoint(db),
    close: () => db.close(),
  };
}

/**
 * What a new server does to the file: a higher epoch, so that no fence of before can be given again, and another lease's time for
 * whoever still works, so that nothing runs twice because of a restart.
 */
function takeOver(db: Database, { now, lease }: WriterOptions): number {
  const counters = createCounters(db);
  db.exec("BEGIN IMMEDIATE");
  const epoch = Math.max((counters.get("epoch") ?? 0) + 1, now);
  counters.set("epoch", epoch);
  const renew = command(
    db,
    `UPDATE tasks SET timer_at = max(timer_at, ? + coalesce(lease_ms, ?))
     WHERE state = ${stateCode.leased} AND state <> ${stateCode.ready}`,
  );
  renew(now + lease.graceMs, lease.leaseMs);
  db.exec("COMMIT");
  return epoch;
}

/** Transactions at one of two levels. A durable one is committed only at the level that the connection is found to have. */
function createTransactions(db: Database, durable: SyncLevel) {
  const [begin, commit, rollback] = ["BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"].map((sql) => command(db, sql));
  let level = durable;
  return {
    begin(isDurable: boolean): void {
      const wanted = isDurable ? durable : "normal";
      if (wanted !== level) setSyncLevel(db, wanted);
      level = wanted;
      if (isDurable) checkSyncLevel(db, durable);
      begin?.();
    },
    commit: (): void => void commit?.(),
    rollback(): void {
      // SQLite undoes some by itself, for instance when the disk is full.
      if (db.isTransaction) rollback?.();
    },
  };
}
