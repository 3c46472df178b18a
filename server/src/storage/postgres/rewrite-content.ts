import type { Bytes } from "../../model/ids.ts";
import { storedHash } from "../sql/stored-hash.ts";
import type { Row } from "./rows.ts";
import { type Session, statement } from "./session.ts";
import { weigh } from "./weigh.ts";
import type { Work } from "./work.ts";

const select = statement<[hash: string, content: Bytes]>("SELECT hash, content FROM contents WHERE seq = $1");
const update = statement("UPDATE contents SET content = $1, hash = $2 WHERE seq = $3");

const selectLength = statement<[bytes: number]>("SELECT length(content) FROM contents WHERE seq = $1");

/** How long the content of a task is that is there. */
export const contentBytesOf = async (db: Session, seq: number): Promise<number> =>
  (await db.rows(selectLength, seq))[0]?.[0] ?? 0;

/** Puts another content in the place of a task's. What makes a repeat of its submission a duplicate is what was submitted, and stays. */
export async function rewriteContent({ db }: Work, { seq, head }: Row, content: Bytes): Promise<void> {
  const [row] = await db.rows(select, seq);
  if (row === undefined) throw new Error("a task that waits has no content");
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  await Promise.all([db.run(update, bytes, storedHash(head.namespace, ...row), seq), weigh(db, [seq])]);
}
