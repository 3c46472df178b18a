import type { Instant } from "../../../model/ids.ts";
import { type Database, query } from "../files/connection.ts";
import type { Noted, OwedMembers } from "../owed.ts";
import type { PlainMember } from "./members.ts";

/** What is owed, apart: members that need no closer look, and the rest in its order. */
export type Apart = { readonly members: readonly OwedMembers[]; readonly others: readonly Noted[] };

type Row = readonly [seq: number, barrier: number, index: number];

/**
 * Makes what tells members that need no closer look from the rest. Where anything but successes is owed, nothing is taken apart: what a
 * failure means depends on what was before it.
 */
export function createPlainMembers(db: Database): (noted: readonly Noted[]) => Apart {
  const select = query<Row>(
    db,
    `SELECT p.seq, p.barrier, p.place FROM json_each(?) some CROSS JOIN places p ON p.seq = some.value
     WHERE p.next IS NULL AND p.unsuccessful = 0 AND NOT EXISTS (SELECT 1 FROM links l WHERE l.seq = p.seq)`,
  );

  return (noted) => {
    const seqs = plainSeqs(noted);
    if (seqs === undefined) return { members: [], others: noted };
    const found = new Map(select.all(JSON.stringify(seqs)).map((row) => [row[0], row]));
    const byBarrier = new Map<number, { members: PlainMember[]; now: Instant }>();
    const others: Noted[] = [];
    for (const each of noted) {
      if (each.kind !== "ended") continue;
      const row = found.get(each.of.seq);
      if (row === undefined) {
        others.push(each);
        continue;
      }
      const [, barrier, index] = row;
      const { id, now } = each.of;
      const known = byBarrier.get(barrier);
      if (known === undefined) byBarrier.set(barrier, { members: [{ index, id }], now });
      else known.members.push({ index, id });
    }
    const members = [...byBarrier].map(
      ([above, { members: all, now }]): OwedMembers => ({ kind: "members", above, members: all, now }),
    );
    return { members, others };
  };
}

/** The numbers of tasks all of which have succeeded at their first attempt, at one time; undefined: something else is owed, too. */
function plainSeqs(noted: readonly Noted[]): readonly number[] | undefined {
  const seqs: number[] = [];
  let at: Instant | undefined;
  for (const each of noted) {
    if (each.kind !== "ended") return undefined;
    const { seq, change, continues, now } = each.of;
    const isPlain = continues.on === "succeeded" && continues.isLast !== true && change.attempt === 1;
    if (!isPlain || (at ?? now) !== now) return undefined;
    at = now;
    seqs.push(seq);
  }
  return seqs.length === 0 ? undefined : seqs;
}
