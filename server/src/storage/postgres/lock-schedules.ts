import type { ScheduleRef } from "../../model/ids.ts";
import { int4s, texts } from "./arrays.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A schedule as far as guards look at it. Its row is locked. */
export type Locked = {
  readonly space: number;
  readonly ref: ScheduleRef;
  readonly number: number;
  readonly revision: number;
  readonly round: number;
};

/** Names a schedule within the store, as a text. */
export const scheduleKey = ({ namespace, id }: ScheduleRef): string => `${namespace} ${id}`;

// In this order, everywhere: servers that write the same schedules wait for each other, and no more.
const lock = statement<[at: number, number: number, revision: number, round: number]>(`
  SELECT u.at, s.number, s.revision, s.round FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY AS u(namespace, id, at)
    JOIN schedules s ON s.namespace = u.namespace AND s.id = u.id
  ORDER BY s.namespace, s.id FOR UPDATE OF s`);

/** Locks schedules, as far as they are there, until the transaction ends; answers how they are then, by scheduleKey. */
export async function lockSchedules(
  { db, queues }: Pick<Work, "db" | "queues">,
  refs: readonly ScheduleRef[],
): Promise<Map<string, Locked>> {
  await queues.loadNamespaces(
    db,
    refs.map(({ namespace }) => namespace),
  );
  const asked = [...new Map(refs.map((ref) => [scheduleKey(ref), ref])).values()].flatMap((ref) => {
    const space = queues.namespaceId(ref.namespace);
    return space === undefined ? [] : [{ space, ref }];
  });
  if (asked.length === 0) return new Map();
  const rows = await db.rows(
    lock,
    int4s(asked.map(({ space }) => space)),
    texts(asked.map(({ ref }) => ref.id)),
  );
  return new Map(
    rows.flatMap(([at, number, revision, round]) => {
      const found = asked[at - 1];
      return found === undefined ? [] : [[scheduleKey(found.ref), { ...found, number, revision, round }]];
    }),
  );
}
