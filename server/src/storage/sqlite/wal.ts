import { type Database, query } from "./files/connection.ts";
import type { Checkpointed } from "./threads/verb.ts";

type CheckpointRow = [isBusy: number, pages: number, pagesCopied: number];

/** Makes a look at how long the write-ahead log is, in pages; cheap enough for every commit. */
export function createWalPages(db: Database): () => number {
  const look = query<CheckpointRow>(db, "PRAGMA wal_checkpoint(NOOP)");
  return () => look.get()?.[1] ?? 0;
}

/** Makes a look at how much of the log is not in the data file yet, in bytes: so much longer may a checkpoint make that file. */
export function createWalBytesUncopied(db: Database): () => number {
  const look = query<CheckpointRow>(db, "PRAGMA wal_checkpoint(NOOP)");
  const [pageBytes] = query<[number]>(db, "PRAGMA page_size").get() ?? [0];
  return () => {
    const [, pages, pagesCopied] = look.get() ?? [0, 0, 0];
    return (pages - pagesCopied) * pageBytes;
  };
}

/** Makes a checkpoint that waits for nobody and stops nobody: it copies as far as readers allow. */
export function createCheckpoint(db: Database): () => Checkpointed {
  const copy = query<CheckpointRow>(db, "PRAGMA wal_checkpoint(PASSIVE)");
  return () => {
    const [, pages, pagesCopied] = copy.get() ?? [0, 0, 0];
    return { pages, pagesCopied };
  };
}
