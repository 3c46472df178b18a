import { int8s } from "./arrays.ts";
import { type Session, statement } from "./session.ts";

// A tied task's size is beside its place, too.
const weighAll = ["tasks", "ties"].map((table) =>
  statement(`
    UPDATE ${table} t SET content_bytes = (SELECT length(c.content) FROM contents c WHERE c.seq = t.seq)
      + coalesce((SELECT length(i.data) FROM inputs i WHERE i.seq = t.seq), 0)
      + coalesce((SELECT length(k.data) FROM checkpoints k WHERE k.seq = t.seq), 0)
    WHERE t.seq = ANY ($1::int8[])`),
);

/** Notes anew how much a claim of these tasks takes: their contents, what they are handed, and what attempts left. */
export async function weigh(db: Session, seqs: readonly number[]): Promise<void> {
  await Promise.all(weighAll.map((each) => db.run(each, int8s(seqs))));
}
