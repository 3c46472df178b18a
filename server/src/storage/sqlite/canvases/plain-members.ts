import type { Instant } from "../../../model/ids.ts";
import { type Database, query } from "../files/connection.ts";
import type { Noted, OwedMembers } from "../owed.ts";
import type { PlainMember } from "./members.ts";
import { type Places, placeOn } from "./places.ts";

type Row = readonly [seq: number, barrier: number, index: number];
type Found = { readonly barrier: number; readonly index: number };
type Together = { readonly members: PlainMember[]; readonly now: Instant; lastAt: number };

/**
 * Makes what puts members together that need no closer look, those of each barrier in the place of the last: it is that one's end that may
 * be the barrier's. Where anything but successes is owed, nothing is put together: what a failure means depends on what was before it.
 */
export function createPlainMembers(
  db: Database,
  { recent }: Pick<Places, "recent">,
): (noted: readonly Noted[]) => readonly (Noted | OwedMembers)[] {
  const select = query<Row>(
    db,
    `SELECT some.value, p.barrier, p.place + some.value - p.seq
     FROM json_each(?) some CROSS JOIN places p ON ${placeOn("some.value")}
     WHERE p.next IS NULL AND p.unsuccessful = 0 AND NOT EXISTS (SELECT 1 FROM links l WHERE l.seq = some.value)`,
  );

  /** What finds members that need no closer look among these. */
  function finder(seqs: readonly number[]): (seq: number) => Found | undefined {
    const others = seqs.filter((seq) => recent.at(seq) === undefined);
    if (others.length === 0) return recent.at;
    const rows = select.all(JSON.stringify(others));
    const found = new Map(rows.map(([seq, barrier, index]): [number, Found] => [seq, { barrier, index }]));
    return (seq) => recent.at(seq) ?? found.get(seq);
  }

  return (noted) => {
    const seqs = plainSeqs(noted);
    if (seqs === undefined) return noted;
    const find = finder(seqs);
    const together = new Map<number, Together>();
    const others: (Noted | OwedMembers | undefined)[] = [...noted];
    for (const [at, each] of noted.entries()) {
      const member = each.kind === "ended" ? find(each.of.seq) : undefined;
      if (each.kind !== "ended" || member === undefined) continue;
      const { barrier, index } = member;
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
