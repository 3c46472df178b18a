import type { Bytes } from "../../model/ids.ts";
import { command, type Database, query } from "./files/connection.ts";

/** Makes getMeta: a small value kept under a name. */
export function createGetMeta(db: Database): (key: string) => Bytes | undefined {
  const select = query<[Uint8Array]>(db, "SELECT value FROM meta WHERE key = ?");
  return (key) => select.get(key)?.[0];
}

/** Makes swapMeta: keeps a small value where there is none, or another that is still there. */
export function createSwapMeta(
  db: Database,
): (key: string, before: Bytes | undefined, value: Bytes) => Bytes {
  const get = createGetMeta(db);
  const put = createPutMeta(db);
  return (key, before, value) => {
    const kept = get(key);
    if (kept !== undefined && (before === undefined || Buffer.compare(kept, before) !== 0)) return kept;
    put(key, value);
    return value;
  };
}

/** Makes putMeta: keeps a small value under a name. */
export function createPutMeta(db: Database): (key: string, value: Bytes) => void {
  const upsert = command(
    db,
    "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
  );
  return (key, value) => {
    upsert(key, value);
  };
}
