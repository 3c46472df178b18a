import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { Instant } from "../../server/src/model/ids.ts";
import { type Limits, limits } from "../../server/src/model/limits.ts";
import { openConnection } from "../../server/src/storage/sqlite/files/connection.ts";
import type { WriterCalls } from "../../server/src/storage/sqlite/threads/writer-verbs.ts";
import { openWriter } from "../../server/src/storage/sqlite/writer.ts";

/** How long leases last on it. */
export const writerLease = { leaseMs: 1000, graceMs: 0 };

const cacheBytes = 16_000_000;

/** A file of its own with the writer of the SQLite store on it, in this thread, and a connection that reads; gone with the test. */
export function openSqliteWriter(now: Instant, own: Partial<Limits> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-writer-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "stem.db");
  const writer = openWriter({
    ...{ path: file, limits: { ...limits, ...own }, durability: "relaxed", now, lease: writerLease },
    pagesMax: undefined,
  });
  onTestFinished(() => writer.close());
  const reader = openConnection(file, { sync: "normal", cacheBytes });
  onTestFinished(() => reader.close());
  return {
    reader,
    /** Does something in a transaction. */
    run<T>(verbs: (calls: WriterCalls) => T): T {
      writer.begin(false);
      const answer = verbs(writer.calls);
      writer.commit();
      return answer;
    },
    /** The same, and undone. */
    undo(verbs: (calls: WriterCalls) => void): void {
      writer.begin(false);
      verbs(writer.calls);
      writer.rollback();
    },
  };
}
