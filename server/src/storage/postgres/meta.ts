import type { Bytes } from "../../model/ids.ts";
import { raiseRules } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const select = statement<[Bytes]>("SELECT value FROM meta WHERE key = $1");
const upsert = statement(
  "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

const swap = statement<[true]>(`
  INSERT INTO meta AS m (key, value) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE m.value = $3::bytea RETURNING true`);

/** A small value kept under a name. */
export const getMeta = async (db: Session, key: string): Promise<Bytes | undefined> =>
  (await db.rows(select, key))[0]?.[0];

/** Keeps a small value under a name. */
export async function putMeta({ db }: Work, key: string, value: Bytes): Promise<void> {
  await db.run(upsert, key, Buffer.from(value));
  await raiseRules(db);
}

/** Keeps a small value where there is none, or another that is still there; answers what is kept then. */
export async function swapMeta(
  { db }: Work,
  { key, before, value }: { readonly key: string; readonly before: Bytes | undefined; readonly value: Bytes },
): Promise<Bytes> {
  // Whoever else puts it first makes this one wait, and see that.
  const [swapped] = await db.rows(
    swap,
    key,
    Buffer.from(value),
    before === undefined ? null : Buffer.from(before),
  );
  if (swapped !== undefined) {
    await raiseRules(db);
    return value;
  }
  const kept = await getMeta(db, key);
  if (kept === undefined) throw new Error("a value that was kept is not there");
  return kept;
}
