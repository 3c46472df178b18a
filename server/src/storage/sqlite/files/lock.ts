import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Holds a store's file for this process; call it to let go. */
export type ReleaseLock = () => void;

/**
 * Makes this process the only server of a store: holds PATH.lock in an exclusive transaction, which the system ends with the
 * process, however it dies. The data file itself stays open to readers and to backups. Throws when somebody else holds it.
 */
export function holdLock(storePath: string): ReleaseLock {
  const path = `${storePath}.lock`;
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // By its path: opening and closing the file here would drop the locks that this process has on it.
    chmodSync(path, 0o600);
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    const isHeld = (error as { errcode?: unknown }).errcode === busy;
    throw isHeld ? new Error(`another server has it open (it holds ${path})`, { cause: error }) : error;
  }
  return () => db.close();
}

/** SQLITE_BUSY */
const busy = 5;
