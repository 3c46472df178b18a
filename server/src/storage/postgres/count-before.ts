import { type LimitedGate, type Place, stages } from "../../model/gatekeeper.ts";
import { stateCode } from "../sql/codes.ts";
import { texts } from "./arrays.ts";
import { type LineCount, stagesBehind } from "./gate-reads.ts";
import { type Session, type Statement, statement } from "./session.ts";

/**
 * How many ready tasks come before a place in the order of grants, counted up to a bound. Each stretch is asked for its three parts, of
 * which each is a range of an index, so that no more rows are looked at than are counted.
 */

type Counted = [count: number];

/** $1 to $3: the place; $4: the bound. `from`: where lines come from; `stretch`: what holds of rows x of such a line. */
function countOf(from: string, stretch: string): Statement<Counted> {
  const part = (condition: string) => `SELECT 1 FROM ties x WHERE ${stretch} AND ${condition}`;
  return statement(`
    SELECT count(*) FROM (
      SELECT FROM ${from} CROSS JOIN LATERAL (
        ${part("x.priority > $1::int2")} UNION ALL
        ${part("x.priority = $1::int2 AND x.turn < $2::int8")} UNION ALL
        ${part("x.priority = $1::int2 AND x.turn = $2::int8 AND x.seq < $3::int8")} LIMIT $4::int8) before
      LIMIT $4::int8) counted`);
}

const untied = statement<Counted>(`
  SELECT count(*) FROM (
    SELECT FROM tasks WHERE queue = $1 AND state = ${stateCode.ready} AND tied IS NULL AND priority > $2::int2
    UNION ALL SELECT FROM tasks WHERE queue = $1 AND state = ${stateCode.ready} AND tied IS NULL AND priority = $2::int2
      AND seq < $3::int8
    LIMIT $4::int8) counted`);
const tied = countOf(
  "unnest($6::text[]) AS l(lane)",
  `x.queue = $5::int4 AND x.lane = l.lane AND x.state = ${stateCode.ready} AND x.held = ${stages.free}`,
);
const passedOf = (kind: LimitedGate["kind"]) =>
  stagesBehind(kind).map((stage) =>
    countOf(
      "unnest($7::text[], $8::text[]) AS l(lane, name)",
      `x.limit_${kind} = $6::text AND x.queue = $5::int4 AND x.lane = l.lane${kind === "key" ? " AND x.limit_name = l.name" : ""}
         AND x.state = ${stateCode.ready} AND x.held = ${stage}`,
    ),
  );
const passed = { key: passedOf("key"), name: passedOf("name") };

/** A ready task's queue and place, and how far to count. */
export type Before = { readonly queue: number; readonly place: Place; readonly countMax: number };

/** Those of its queue that stand free: that nothing ties, and those of each set of labels. */
export async function freeBefore(
  db: Session,
  { queue, place, countMax }: Before,
  lanes: readonly string[],
): Promise<number> {
  if (countMax <= 0) return 0;
  const { priority, turn, seq } = place;
  // What nothing ties has no turn, and so comes before any.
  const before = turn > 0 ? Number.MAX_SAFE_INTEGER : seq;
  const [[[free = 0] = []], [[bound = 0] = []]] = await Promise.all([
    db.rows(untied, queue, priority, before, countMax),
    db.rows(tied, priority, turn, seq, countMax, queue, texts(lanes)),
  ]);
  return Math.min(free + bound, countMax);
}

/** Those of its queue that obey a limit and have passed its gate. */
export async function passedBefore(
  db: Session,
  { queue, place: { priority, turn, seq }, countMax }: Before,
  gate: LimitedGate,
  lines: readonly LineCount[],
): Promise<number> {
  const own = lines.filter((line) => line.queue === queue);
  if (countMax <= 0 || own.length === 0) return 0;
  const columns = [texts(own.map(({ lane }) => lane)), texts(own.map(({ name }) => name))];
  const counts = await Promise.all(
    passed[gate.kind].map((count) =>
      db.rows(count, priority, turn, seq, countMax, queue, gate.text, ...columns),
    ),
  );
  return Math.min(
    countMax,
    counts.reduce((sum, [row]) => sum + (row?.[0] ?? 0), 0),
  );
}
