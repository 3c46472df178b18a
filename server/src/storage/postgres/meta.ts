import type { Bytes } from "../../model/ids.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const select = statement<[Bytes]>("SELECT value FROM meta WHERE key = $1");
const upsert = statement(
  "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

/** A small value kept under a name. */
export const getMeta = async (db: Session, key: string): Promise<Bytes | undefined> =>
  (await db.rows(select, key))[0]?.[0];

/** Keeps a small value under a name. */
export async function putMeta({ db }: Work, key: string, value: Bytes): Promise<void> {
  await db.run(upsert, key, Buffer.from(value));
}
