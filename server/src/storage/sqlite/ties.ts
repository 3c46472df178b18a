import {
  isBefore,
  type LimitedGate,
  type Place,
  type Stage,
  stages,
  type Tied,
} from "../../model/gatekeeper.ts";
import { stateCode } from "../sql/codes.ts";
import { createCountBefore } from "./count-before.ts";
import { command, type Database, query } from "./files/connection.ts";

/** A tied task as its row says. */
export type Tie = Tied & { readonly queue: number; readonly state: number; readonly contentBytes: number };

/** A tied task on its way in. `lane`: the labels that it asks for. */
export type NewTie = Tie & { readonly held: Stage; readonly lane: string };

type TieRow = [
  seq: number,
  queue: number,
  priority: number,
  turn: number,
  contentBytes: number,
  state: number,
  limitName: string,
  limitKey: string | null,
  orderingKey: string | null,
];

const columns = "seq, queue, priority, turn, content_bytes, state, limit_name, limit_key, ordering_key";
const order = "priority DESC, turn, seq";
const reversed = "priority, turn DESC, seq DESC";

/** The rows of tied tasks. */
export type Ties = ReturnType<typeof createTies>;

/** Makes the statements over ties. */
export function createTies(db: Database) {
  const select = query<TieRow>(db, `SELECT ${columns} FROM ties WHERE seq = ?`);
  const selectReady = query<TieRow>(
    db,
    `SELECT ${columns} FROM ties INDEXED BY ties_ready
     WHERE queue = ? AND lane = ? AND state = ${stateCode.ready} AND held = ${stages.free}
     ORDER BY ${order} LIMIT ? OFFSET ?`,
  );
  const free = `FROM ties INDEXED BY ties_ready WHERE queue = ? AND state = ${stateCode.ready} AND held = ${stages.free}`;
  const firstLane = query<[string]>(db, `SELECT lane ${free} ORDER BY lane LIMIT 1`);
  const nextLane = query<[string]>(db, `SELECT lane ${free} AND lane > ? ORDER BY lane LIMIT 1`);
  const firstOfOrder = query<[...TieRow, held: number]>(
    db,
    `SELECT ${columns}, held FROM ties INDEXED BY ties_ordering WHERE ordering_key = ? ORDER BY seq LIMIT 1`,
  );
  const nextQueue = query<[number]>(db, "SELECT queue FROM ties WHERE queue > ? ORDER BY queue LIMIT 1");
  const gates = { key: createGateRows(db, "key"), name: createGateRows(db, "name") };

  return {
    ...createTieWrites(db),
    find: (seq: number): Tie | undefined => tieOf(select.get(seq)),
    /** Tasks of a queue that stand free, in the order of grants. */
    ready: (queue: number, lane: string, [limit, offset]: readonly [number, number]): Tie[] =>
      tiesOf(selectReady.all(queue, lane, limit, offset)),
    /** The sets of labels that tasks of a queue ask for which stand free: one step into the index for each. */
    lanes(queue: number): string[] {
      const found: string[] = [];
      for (let row = firstLane.get(queue); row !== undefined; row = nextLane.get(queue, row[0]))
        found.push(row[0]);
      return found;
    },
    isFirst({ seq, orderingKey }: Tied): boolean {
      const first = orderingKey === undefined ? undefined : firstOfOrder.get(orderingKey)?.[0];
      return first === undefined || first >= seq;
    },
    /** The first task of an ordering key that has not ended. */
    firstInOrder: (orderingKey: string): Tie | undefined => tieOf(firstOfOrder.get(orderingKey)),
    firstBehind(orderingKey: string): Tie | undefined {
      const row = firstOfOrder.get(orderingKey);
      return row?.[9] === stages.ordering && row[5] === stateCode.ready ? tieOf(row) : undefined;
    },
    /** The queues that have tied tasks: one step into the index for each. */
    queues(): number[] {
      const found: number[] = [];
      for (let row = nextQueue.get(0); row !== undefined; row = nextQueue.get(row[0])) found.push(row[0]);
      return found;
    },
    lines: (gate: LimitedGate): Line[] => gates[gate.kind].lines(gate),
    leased: (gate: LimitedGate): number => gates[gate.kind].leased(gate),
    waitingCount: (gate: LimitedGate): number => gates[gate.kind].waitingCount(gate),
    unclaimed: (line: Line): number => gates[line.gate.kind].unclaimed(line),
    unclaimedBefore: (line: Line, at: Place, max: number): number =>
      gates[line.gate.kind].unclaimedBefore(line, at, max),
    lastUnclaimed: (line: Line): Tie | undefined => gates[line.gate.kind].lastUnclaimed(line),
    waiting: (line: Line, limit: number): Tie[] => gates[line.gate.kind].waiting(line, limit),
  };
}

/** Makes the statements that write ties. */
function createTieWrites(db: Database) {
  const insert = command(
    db,
    `INSERT INTO ties (seq, queue, priority, turn, content_bytes, state, held, lane, limit_name, limit_key, ordering_key)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const bind = command(
    db,
    `INSERT INTO ties (seq, queue, priority, turn, content_bytes, state, held, lane, limit_name)
     SELECT t.seq, t.queue, t.priority, 0, t.content_bytes, t.state, ${stages.free}, '', n.name || ' ' || c.name
     FROM tasks t CROSS JOIN contents c ON c.seq = t.seq CROSS JOIN namespaces n ON n.id = c.namespace WHERE t.seq = ?`,
  );
  const markTied = command(db, "UPDATE tasks SET tied = 1 WHERE seq = ?");
  const update = command(db, "UPDATE ties SET state = ?, held = ? WHERE seq = ?");
  const rewrite = command(
    db,
    `UPDATE ties SET queue = ?, priority = ?, turn = ?, content_bytes = ?, state = ?, held = ? WHERE seq = ?`,
  );
  const updateHeld = command(db, "UPDATE ties SET held = ? WHERE seq = ?");
  const lease = command(
    db,
    `UPDATE ties SET state = ${stateCode.leased} WHERE seq IN (SELECT value FROM json_each(?))`,
  );
  const drop = command(db, "DELETE FROM ties WHERE seq = ?");
  return {
    insert(tie: NewTie): void {
      const { seq, queue, priority, turn, contentBytes, state, held, lane } = tie;
      const keys = [tie.limitName, tie.limitKey ?? null, tie.orderingKey ?? null];
      insert(seq, queue, priority, turn, contentBytes, state, held, lane, ...keys);
    },
    /** The task is in another state. */
    move: (seq: number, state: number, held: Stage): void => void update(state, held, seq),
    /** Ties a task that was free so far, and had no keys. */
    bind(seq: number): void {
      bind(seq);
      markTied(seq);
    },
    /** What an edit changes about a task that waits. */
    rewrite({ queue, priority, turn, contentBytes, state, seq }: Tie, held: Stage): void {
      rewrite(queue, priority, turn, contentBytes, state, held, seq);
    },
    hold: (seq: number, held: Stage): void => void updateHeld(held, seq),
    lease: (seqs: readonly number[]): void => void lease(JSON.stringify(seqs)),
    drop: (seq: number): void => void drop(seq),
  };
}

/** A line at a gate: the tasks of one queue that ask for the same labels and, at the gate of a key, have one name. */
export type Line = { readonly gate: LimitedGate; readonly place: readonly (string | number)[] };

/** The questions about one kind of gate. Each is answered by a stretch of its index. */
function createGateRows(db: Database, kind: LimitedGate["kind"]) {
  const parts = kind === "key" ? ["queue", "lane", "limit_name"] : ["queue", "lane"];
  const all = `FROM ties INDEXED BY ties_${kind} WHERE limit_${kind} = ?`;
  const line = `${all} AND ${parts.map((part) => `${part} = ?`).join(" AND ")}`;
  const ready = `${line} AND state = ${stateCode.ready}`;
  // Whoever waits at a later gate has passed this one.
  const later = kind === "key" ? [stages.free, stages.name] : [stages.free];
  const passed = later.map((stage) => ({
    count: query<[number]>(db, `SELECT count(*) ${ready} AND held = ${stage}`),
    last: query<TieRow>(db, `SELECT ${columns} ${ready} AND held = ${stage} ORDER BY ${reversed} LIMIT 1`),
    before: createCountBefore(db, `${ready} AND held = ${stage}`),
  }));
  const [names, marks] = [parts.join(", "), parts.map(() => "?").join(", ")];
  const firstLine = query<string[]>(db, `SELECT ${names} ${all} ORDER BY ${names} LIMIT 1`);
  const nextLine = query<string[]>(
    db,
    `SELECT ${names} ${all} AND (${names}) > (${marks}) ORDER BY ${names} LIMIT 1`,
  );
  const countLeased = query<[number]>(db, `SELECT count(*) ${line} AND state = ${stateCode.leased}`);
  const countWaiting = query<[number]>(db, `SELECT count(*) ${ready} AND held = ${stages[kind]}`);
  const selectWaiting = query<TieRow>(
    db,
    `SELECT ${columns} ${ready} AND held = ${stages[kind]} ORDER BY ${order} LIMIT ?`,
  );

  function lines(gate: LimitedGate): Line[] {
    const found: Line[] = [];
    for (let row = firstLine.get(gate.text); row !== undefined; row = nextLine.get(gate.text, ...row))
      found.push({ gate, place: row });
    return found;
  }

  const sum = (gate: LimitedGate, count: typeof countLeased): number =>
    lines(gate).reduce((total, { place }) => total + (count.get(gate.text, ...place)?.[0] ?? 0), 0);

  return {
    lines,
    leased: (gate: LimitedGate): number => sum(gate, countLeased),
    waitingCount: (gate: LimitedGate): number => sum(gate, countWaiting),
    unclaimed: ({ gate, place }: Line): number =>
      passed.reduce((total, { count }) => total + (count.get(gate.text, ...place)?.[0] ?? 0), 0),
    /** How many of those come before a place, counted up to `max`. */
    unclaimedBefore: ({ gate, place }: Line, at: Place, max: number): number =>
      passed.reduce((total, { before }) => total + before([gate.text, ...place], at, max - total), 0),
    lastUnclaimed({ gate, place }: Line): Tie | undefined {
      const [first, ...others] = passed.flatMap(({ last }) => tieOf(last.get(gate.text, ...place)) ?? []);
      return others.reduce((worst, each) => (worst && isBefore(worst, each) ? each : worst), first);
    },
    waiting: ({ gate, place }: Line, limit: number): Tie[] =>
      tiesOf(selectWaiting.all(gate.text, ...place, limit)),
  };
}

function tieOf(row: TieRow | readonly [...TieRow, held: number] | undefined): Tie | undefined {
  if (row === undefined) return undefined;
  const [seq, queue, priority, turn, contentBytes, state, limitName, limitKey, orderingKey] = row;
  const keys = { limitName, limitKey: limitKey ?? undefined, orderingKey: orderingKey ?? undefined };
  return { seq, queue, priority, turn, contentBytes, state, ...keys };
}

const tiesOf = (rows: readonly TieRow[]): Tie[] => rows.flatMap((row) => tieOf(row) ?? []);
