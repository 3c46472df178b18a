import { nextTurn } from "../../model/turn.ts";
import type { KeyWeight } from "../../ports/gate-store.ts";
import { int4s, int8s, texts } from "./arrays.ts";
import { raiseRules } from "./rules.ts";
import { type Session, statement } from "./session.ts";

/** A task that comes into a queue where keys take turns, or makes it one. Tasks without a key are those of one that has no name. */
export type TurnTaker = { readonly queue: number; readonly key: string | undefined };

const selectNow = statement<[queue: number, turn: number | null]>(
  "SELECT id, turn FROM queues WHERE id = ANY ($1::int4[])",
);
const selectKeys = statement<[queue: number, key: string, last: number, weight: number | null]>(`
  SELECT k.queue, k.key, k.last, k.weight FROM unnest($1::int4[], $2::text[]) AS u(queue, key)
    JOIN turns k ON k.queue = u.queue AND k.key = u.key`);
const upsert = statement(`
  INSERT INTO turns (queue, key, last) SELECT * FROM unnest($1::int4[], $2::text[], $3::int8[])
  ON CONFLICT (queue, key) DO UPDATE SET last = excluded.last`);
const advance = statement(`
  UPDATE queues q SET turn = greatest(q.turn, u.turn) FROM unnest($1::int4[], $2::int8[]) AS u(id, turn) WHERE q.id = u.id`);
const advanceFair = statement(`
  UPDATE queues q SET turn = u.turn FROM unnest($1::int4[], $2::int8[]) AS u(id, turn) WHERE q.id = u.id AND q.turn < u.turn`);
const upsertWeight = statement(`
  INSERT INTO turns (queue, key, last, weight) VALUES ($1, $2, 0, $3) ON CONFLICT (queue, key) DO UPDATE SET weight = excluded.weight`);
const drop = statement(`
  DELETE FROM turns WHERE (queue, key) IN (
    SELECT k.queue, k.key FROM queues q JOIN turns k ON k.queue = q.id
    WHERE q.turn IS NOT NULL AND k.weight IS NULL AND k.last <= q.turn LIMIT $1)`);

/** Gives turns, in the order in which tasks come; 0 in a queue where nobody has said a key. Under the lock of the namespace's gates. */
export async function giveTurns(db: Session, takers: readonly TurnTaker[]): Promise<readonly number[]> {
  const ids = [...new Set(takers.map(({ queue }) => queue))];
  const now = new Map(await db.rows(selectNow, int4s(ids)));
  const isFair = (queue: number): boolean => typeof now.get(queue) === "number";
  const made = ids.filter(
    (id) => !isFair(id) && takers.some(({ queue, key }) => queue === id && key !== undefined),
  );
  if (made.length === 0 && !ids.some(isFair)) return takers.map(() => 0);
  const keys = await lastTurns(db, takers);
  const turns = takers.map(({ queue, key }) => {
    if (!isFair(queue) && key === undefined) return 0;
    if (!isFair(queue)) now.set(queue, 0);
    const place = `${queue} ${key ?? ""}`;
    const { last, weight } = keys.get(place) ?? { last: 0, weight: 1 };
    const turn = nextTurn({ last, weight }, now.get(queue) ?? 0);
    keys.set(place, { queue, key: key ?? "", last: turn, weight, isGiven: true });
    return turn;
  });
  const given = [...keys.values()].filter(({ isGiven }) => isGiven);
  await db.run(
    upsert,
    int4s(given.map(({ queue }) => queue)),
    texts(given.map(({ key }) => key)),
    int8s(given.map(({ last }) => last)),
  );
  if (made.length > 0) {
    await db.run(advance, int4s(made), int8s(made.map(() => 0)));
    // Tasks without a key take turns in these queues, too, from now on.
    await raiseRules(db);
  }
  return turns;
}

type KeyTurn = {
  readonly queue: number;
  readonly key: string;
  readonly last: number;
  readonly weight: number;
  readonly isGiven: boolean;
};

async function lastTurns(db: Session, takers: readonly TurnTaker[]): Promise<Map<string, KeyTurn>> {
  const asked = new Map(takers.map(({ queue, key }) => [`${queue} ${key ?? ""}`, { queue, key: key ?? "" }]));
  const rows = await db.rows(
    selectKeys,
    int4s([...asked.values()].map(({ queue }) => queue)),
    texts([...asked.values()].map(({ key }) => key)),
  );
  return new Map(
    rows.map(([queue, key, last, weight]) => [
      `${queue} ${key}`,
      { queue, key, last, weight: weight ?? 1, isGiven: false },
    ]),
  );
}

/** Tasks with these turns were granted. */
export async function turnsGranted(
  db: Session,
  granted: readonly { readonly queue: number; readonly turn: number }[],
): Promise<void> {
  const highest = new Map<number, number>();
  for (const { queue, turn } of granted)
    if (turn > 0) highest.set(queue, Math.max(turn, highest.get(queue) ?? 0));
  if (highest.size > 0) await db.run(advanceFair, int4s([...highest.keys()]), int8s([...highest.values()]));
}

/** Sets how often a key comes. */
export const setWeight = (db: Session, queue: number, { key, weight }: KeyWeight): Promise<number> =>
  db.run(upsertWeight, queue, key, weight === 1 ? null : weight);

/** Forgets the turns of keys that their queue has come beyond: they mean nothing any more. */
export const pruneTurns = (db: Session, limit: number): Promise<number> => db.run(drop, limit);
