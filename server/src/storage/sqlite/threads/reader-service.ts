import { command, openConnection, type SyncLevel } from "../files/connection.ts";
import { createReaderCalls } from "../reader-calls.ts";
import { createCheckpoint } from "../wal.ts";
import { attempt, createExecute, type Execute } from "./execute.ts";
import { type ReaderCalls, type ReaderControls, readerVerbs } from "./reader-verbs.ts";
import type { Service } from "./serve.ts";

/** How the reader of a file is opened; its checkpoints are synced as the writer's commits are. */
export type ReaderOptions = { readonly path: string; readonly sync: SyncLevel };

const cacheBytes = 16 * 1024 * 1024;

/** Opens a reader of a file as the service of its thread. The file must have been laid out. */
export function openReaderService({ path, sync }: ReaderOptions): Service {
  const db = openConnection(path, { sync, cacheBytes });
  // Not read-only, because it makes checkpoints; but nothing of it may write.
  db.exec("PRAGMA query_only = on");
  let isClosed = false;
  const [begin, end] = [command(db, "BEGIN"), command(db, "COMMIT")];

  const calls: ReaderCalls & ReaderControls = {
    ...createReaderCalls(db),
    open: () => ({ refused: undefined }),
    checkpoint: createCheckpoint(db),
    close: () => {
      isClosed = true;
      db.close();
    },
  };
  const execute = createExecute(readerVerbs, calls);

  /** Every question sees one moment, which is after all commits that were answered before it. */
  const executeAtOneMoment: Execute = (request) => {
    if (request.verb === "checkpoint" || request.verb === "close") return execute(request);
    begin();
    try {
      return execute(request);
    } finally {
      if (db.isTransaction) end();
    }
  };

  return {
    run: (requests) => requests.map((request) => attempt(request, executeAtOneMoment)),
    walPages: () => undefined,
    takeGateNews: () => undefined,
    get isClosed() {
      return isClosed;
    },
  };
}
