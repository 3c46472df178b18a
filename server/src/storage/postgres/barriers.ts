import type { Barrier } from "../../model/canvas.ts";
import type { BarrierId, BarrierRef, Namespace } from "../../model/ids.ts";
import { textOfCause, textOfFacts, textOfFixed } from "../sql/barrier-text.ts";
import { bools, byteas, int2s, int4s, int8s, texts } from "./arrays.ts";
import { type BarrierRow, barrierOf, barrierStates, decidingColumns } from "./barrier-rows.ts";
import { type Statement, statement } from "./session.ts";
import type { Work } from "./work.ts";

// What a member's end changes about a barrier: the name of a column, its type, how an array of it is made, and its value.
const changing = [
  ["namespace", "int4", int4s, ({ namespace }: Numbered) => namespace],
  ["id", "text", texts, ({ barrier }: Numbered) => barrier.id],
  ["state", "int2", int2s, ({ barrier }: Numbered) => barrierStates.code(barrier.state)],
  ["size", "int4", int4s, ({ barrier }: Numbered) => barrier.size],
  ["sealed", "bool", bools, ({ barrier }: Numbered) => barrier.isSealed],
  ["ended", "int4", int4s, ({ barrier }: Numbered) => barrier.ended],
  ["unsuccessful", "int4", int4s, ({ barrier }: Numbered) => barrier.unsuccessful],
  ["attempted", "int4", int4s, ({ barrier }: Numbered) => barrier.attempted],
  ["rest", "bool", bools, ({ barrier }: Numbered) => barrier.hasRest],
  ["ended_at", "int8", int8s, ({ barrier }: Numbered) => barrier.endedAt],
  ["cause", "text", texts, ({ barrier }: Numbered) => barrier.cause && textOfCause(barrier.cause)],
  ["purge_at", "int8", int8s, ({ barrier }: Numbered) => barrier.canvasFacts?.purgeAt],
] as const;

const columns = [
  ...changing,
  ["canvas", "text", texts, ({ barrier }: Numbered) => barrier.canvas],
  ["parent", "text", texts, ({ barrier }: Numbered) => barrier.place?.barrier],
  ["created_at", "int8", int8s, ({ barrier }: Numbered) => barrier.createdAt],
  ["fixed", "text", texts, ({ barrier }: Numbered) => textOfFixed(barrier)],
  [
    "facts",
    "text",
    texts,
    ({ barrier }: Numbered) => barrier.canvasFacts && textOfFacts(barrier.canvasFacts),
  ],
  ["name", "text", texts, ({ barrier }: Numbered) => barrier.canvasFacts?.name],
  ["deadline", "int8", int8s, ({ barrier }: Numbered) => barrier.canvasFacts?.deadline],
  ["retry_of", "text", texts, ({ barrier }: Numbered) => barrier.canvasFacts?.retryOf],
  ["description", "bytea", byteas, ({ barrier }: Numbered) => barrier.canvasFacts?.description],
] as const;

/** A barrier, and the number of its namespace. */
type Numbered = { readonly namespace: number; readonly barrier: Barrier };
type Column = (typeof columns)[number];

const parametersOf = (some: readonly Column[]): string =>
  some.map(([, type], at) => `$${at + 1}::${type}[]`).join(", ");
const names = columns.map(([name]) => name).join(", ");
const changingNames = changing.map(([name]) => name);

const insert = statement(`
  WITH stored AS (
    INSERT INTO barriers (${names}) SELECT ${names}
    FROM unnest(${parametersOf(columns)}) WITH ORDINALITY AS u(${names}, at) ORDER BY at
    ON CONFLICT (namespace, id) DO NOTHING RETURNING namespace, place, facts),
  tagged AS (
    INSERT INTO canvas_tags (namespace, tag, place) SELECT DISTINCT s.namespace, each_tag.value, s.place
    FROM stored s CROSS JOIN LATERAL json_array_elements_text(s.facts::json->'tags') AS each_tag WHERE s.facts IS NOT NULL)
  SELECT place FROM stored`);
const update = statement(`
  UPDATE barriers b SET ${changingNames
    .slice(2)
    .map((name) => `${name} = u.${name}`)
    .join(", ")}
  FROM unnest(${parametersOf(changing)}) AS u(${changingNames.join(", ")}) WHERE b.namespace = u.namespace AND b.id = u.id`);
// In this order, everywhere: servers whose ends meet in some barriers wait for each other, and no more.
const lock = statement<[at: number, ...BarrierRow]>(`
  SELECT u.at, ${decidingColumns}
  FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY AS u(namespace, id, at)
    JOIN barriers b ON b.namespace = u.namespace AND b.id = u.id
  ORDER BY b.namespace, b.id FOR UPDATE OF b`);

/** Barriers by their namespaces and ids. */
export type Barriers = ReadonlyMap<Namespace, ReadonlyMap<BarrierId, Barrier>>;

/** Locks barriers, as far as they are there, until the transaction ends; without their descriptions. */
export async function lockBarriers(
  { db, queues }: Pick<Work, "db" | "queues">,
  refs: readonly BarrierRef[],
): Promise<Barriers> {
  await queues.loadNamespaces(
    db,
    refs.map(({ namespace }) => namespace),
  );
  const asked = new Map(refs.map((ref) => [`${ref.namespace} ${ref.id}`, ref]));
  const known = [...asked.values()].flatMap(({ namespace, id }) => {
    const space = queues.namespaceId(namespace);
    return space === undefined ? [] : [{ namespace, space, id }];
  });
  if (known.length === 0) return new Map();
  const rows = await db.rows(lock, int4s(known.map(({ space }) => space)), texts(known.map(({ id }) => id)));
  const spaces = new Map<Namespace, Map<BarrierId, Barrier>>();
  for (const [at, ...row] of rows) {
    const ref = known[at - 1];
    if (ref === undefined) continue;
    const own = spaces.get(ref.namespace) ?? new Map<BarrierId, Barrier>();
    spaces.set(ref.namespace, own.set(ref.id, barrierOf(ref.namespace, row)));
  }
  return spaces;
}

/** Keeps barriers that have come into being; answers how many were not there. */
export const insertBarriers = (work: Work, barriers: readonly Barrier[]): Promise<number> =>
  write(work, insert, columns, barriers);

/** Keeps barriers, which this transaction has locked, as they are now. */
export const updateBarriers = (work: Work, barriers: readonly Barrier[]): Promise<number> =>
  write(work, update, changing, barriers);

async function write(
  { db, queues }: Work,
  to: Statement,
  of: readonly Column[],
  barriers: readonly Barrier[],
): Promise<number> {
  if (barriers.length === 0) return 0;
  const numbered = barriers.map((barrier) => ({
    barrier,
    namespace: queues.namespaceId(barrier.namespace) ?? 0,
  }));
  const values = of.map(([, , array, of]) =>
    (array as (values: readonly unknown[]) => Buffer)(numbered.map(of as (one: Numbered) => unknown)),
  );
  return db.run(to, ...values);
}
