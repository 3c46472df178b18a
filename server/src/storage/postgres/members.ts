import type { KeptMember } from "../../model/canvas.ts";
import type { Namespace } from "../../model/ids.ts";
import { states } from "../sql/codes.ts";
import { bools, int2s, int4s, texts } from "./arrays.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A member of a barrier that this transaction has locked, and where that is. */
export type NewMember = { readonly namespace: Namespace; readonly member: KeptMember };

const insert = statement<[namespace: number, barrier: string, place: number]>(`
  INSERT INTO members (namespace, barrier, place, state, is_barrier, source)
  SELECT * FROM unnest($1::int4[], $2::text[], $3::int4[], $4::int2[], $5::bool[], $6::text[])
  ON CONFLICT (namespace, barrier, place) DO NOTHING RETURNING namespace, barrier, place`);

/** Keeps members that have ended; answers for each, once, whether its index was not there. */
export async function keepMembers(
  { db, queues }: Work,
  members: readonly NewMember[],
): Promise<(one: NewMember) => boolean> {
  if (members.length === 0) return () => false;
  const rows = await db.rows(
    insert,
    int4s(members.map(({ namespace }) => queues.namespaceId(namespace))),
    texts(members.map(({ member }) => member.barrier)),
    int4s(members.map(({ member }) => member.index)),
    int2s(members.map(({ member }) => states.code(member.state))),
    bools(members.map(({ member }) => member.source.kind === "barrier")),
    texts(members.map(({ member }) => member.source.id)),
  );
  const fresh = new Set(rows.map(([space, barrier, place]) => `${space} ${barrier} ${place}`));
  // The first of those with the same index is the one that was kept.
  return ({ namespace, member: { barrier, index } }) =>
    fresh.delete(`${queues.namespaceId(namespace)} ${barrier} ${index}`);
}
