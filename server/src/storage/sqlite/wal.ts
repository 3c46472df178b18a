import { type Database, query } from "./files/connection.ts";
import type { Checkpointed } from "./threads/verbs.ts";

type CheckpointRow = [isBusy: number, pages: number, pagesCopied: number];

/** Makes a look at how long the write-ahead log is, in pages; cheap enough for every commit. */
export function createWalPages(db: Database): () => number {
  const look = query<CheckpointRow>(db, "PRAGMA wal_checkpoint(NOOP)");
  return () => look.get()?.[1] ?? 0;
}

/** Makes a checkpoint that waits for nobody and stops nobody: it copies as far as readers allow. */
export function createCheckpoint(db: Database): () => Checkpointed {
  const copy = query<CheckpointRow>(db, "PRAGMA wal_checkpoint(PASSIVE)");
  return () => {
    const [, pages, pagesCopied] = copy.get() ?? [0, 0, 0];
    return { pages, pagesCopied };
  };
}
