import type { Instant } from "../../../model/ids.ts";
import { type Database, query } from "../files/connection.ts";
import type { Noted, OwedMembers } from "../owed.ts";
import type { PlainMember } from "./members.ts";

type Row = readonly [seq: number, barrier: number, index: number];
type Together = { readonly members: PlainMember[]; readonly now: Instant; lastAt: number };

/**
 * Makes what puts members together that need no closer look, those of each barrier in the place of the last: it is that one's end that may
 * be the barrier's. Where anything but successes is owed, nothing is put together: what a failure means depends on what was before it.
 */
export function createPlainMembers(
  db: Database,
): (noted: readonly Noted[]) => readonly (Noted | OwedMembers)[] {
  const select = query<Row>(
    db,
    `SELECT p.seq, p.barrier, p.place FROM json_each(?) some CROSS JOIN places p ON p.seq = some.value
     WHERE p.next IS NULL AND p.unsuccessful = 0 AND NOT EXISTS (SELECT 1 FROM links l WHERE l.seq = p.seq)`,
  );

  return (noted) => {
    const seqs = plainSeqs(noted);
    if (seqs === undefined) return noted;
    const found = new Map(select.all(JSON.stringify(seqs)).map((row) => [row[0], row]));
    const together = new Map<number, Together>();
    const others: (Noted | OwedMembers | undefined)[] = [...noted];
    for (const [at, each] of noted.entries()) {
      const row = each.kind === "ended" ? found.get(each.of.seq) : undefined;
      if (each.kind !== "ended" || row === undefined) continue;
      const [, barrier, index] = row;
      const { id, now } = each.of;
      others[at] = undefined;
      const known = together.get(barrier);
      if (known === undefined) together.set(barrier, { members: [{ index, id }], now, lastAt: at });
      else {
        known.members.push({ index, id });
        known.lastAt = at;
      }
    }
    for (const [above, { members, now, lastAt }] of together)
      others[lastAt] = { kind: "members", above, members, now };
    return others.filter((each) => each !== undefined);
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
