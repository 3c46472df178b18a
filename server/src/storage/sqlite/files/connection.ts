/** The only file that knows the SQLite client: connections with our settings, read back, and prepared statements with typed rows. */

import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { StoreFault } from "../problems.ts";

/** A connection of one thread. */
export type Database = DatabaseSync;
/** What SQLite takes and gives; blobs come back as copies. */
export type Value = SQLInputValue;
/** The columns of one row, in the order of the SELECT. */
export type Row = readonly (null | number | string | Uint8Array)[];

/** `full`: a commit is on the disk when it returns. `normal`: it may be lost with the power until the next full one. */
export type SyncLevel = "full" | "normal";
const syncNumbers = { normal: 1, full: 2 } as const satisfies Record<SyncLevel, number>;

/** A prepared statement that gives rows. */
export type Query<R extends Row> = {
  get(...values: Value[]): R | undefined;
  all(...values: Value[]): R[];
  iterate(...values: Value[]): Iterable<R>;
};

/** A prepared statement that writes; answers how many rows it changed. */
export type Command = (...values: Value[]) => number;

/** How a connection is opened. */
export type ConnectionOptions = {
  readonly sync: SyncLevel;
  readonly cacheBytes: number;
  /** Looks at the file before anything about it is changed; what it throws refuses the file. */
  readonly check?: (db: Database) => void;
};

/**
 * Opens a file, and refuses when the journal or the level cannot be had: a store that is less durable than it says is worse than
 * none. Checkpoints are ours to start (checkpoints.ts), so that none stands in the way of a commit.
 */
export function openConnection(path: string, { sync, cacheBytes, check }: ConnectionOptions): Database {
  const db = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: false });
  try {
    check?.(db);
    const mode = db.prepare("PRAGMA journal_mode = wal").get()?.["journal_mode"];
    if (mode !== "wal") throw new Error(`the journal mode stays ${mode} where wal is needed`);
    setSyncLevel(db, sync);
    checkSyncLevel(db, sync);
    db.exec(`
      PRAGMA cache_size = -${Math.ceil(cacheBytes / 1024)};
      PRAGMA temp_store = memory;
      PRAGMA trusted_schema = off;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = ${walBytesKept};
    `);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The log's file may stay this long when it starts again at its beginning: overwriting is cheaper than growing. */
const walBytesKept = 128 * 1024 * 1024;

/** Changes how commits from now on are synced. Not inside a transaction. */
export function setSyncLevel(db: Database, level: SyncLevel): void {
  db.exec(`PRAGMA synchronous = ${level}`);
}

/** Throws unless the connection really has this level. SQLite answers when it compiles, so this is prepared anew each time. */
export function checkSyncLevel(db: Database, level: SyncLevel): void {
  const actual = db.prepare("PRAGMA synchronous").get()?.["synchronous"];
  if (actual !== syncNumbers[level]) {
    throw new StoreFault("broken", `the level of syncing is ${actual} where ${level} is needed`);
  }
}

/** Prepares a statement that reads. `R` says what its columns are. */
export function query<R extends Row>(db: Database, sql: string): Query<R> {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  // The client's types know rows as objects only.
  return statement as unknown as Query<R>;
}

/** Makes a pure function of ours known to the statements of a connection. */
export function defineFunction(db: Database, name: string, compute: (...values: Value[]) => Value): void {
  db.function(name, { deterministic: true, directOnly: true }, compute);
}

/** Prepares a statement that writes. */
export function command(db: Database, sql: string): Command {
  const statement = db.prepare(sql);
  return (...values) => Number(statement.run(...values).changes);
}
