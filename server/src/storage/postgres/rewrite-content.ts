import type { Bytes } from "../../model/ids.ts";
import { storedHash } from "../sql/stored-hash.ts";
import type { Row } from "./rows.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

const select = statement<[hash: string, content: Bytes]>("SELECT hash, content FROM contents WHERE seq = $1");
// What attempts left still counts towards what a claim of the task takes.
const update = statement(`
  WITH rewritten AS (UPDATE contents SET content = $1::bytea, hash = $2 WHERE seq = $3)
  UPDATE tasks SET content_bytes = $4::int4 + coalesce((SELECT length(data) FROM checkpoints WHERE seq = $3), 0) WHERE seq = $3`);

/** Puts another content in the place of a task's. What makes a repeat of its submission a duplicate is what was submitted, and stays. */
export async function rewriteContent({ db }: Work, { seq, head }: Row, content: Bytes): Promise<void> {
  const [row] = await db.rows(select, seq);
  if (row === undefined) throw new Error("a task that waits has no content");
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  await db.run(update, bytes, storedHash(head.namespace, ...row), seq, content.length);
}
