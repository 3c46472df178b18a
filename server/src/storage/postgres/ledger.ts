import { instantOf, type Namespace, type QueueRef, type TaskRef } from "../../model/ids.ts";
import type { OthersNews } from "../../ports/others-news.ts";
import { stateCode } from "../sql/codes.ts";
import { type EventFact, FactPack } from "../sql/event-facts.ts";
import { byteas, int4s, int8s } from "./arrays.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { type Session, statement } from "./session.ts";

/**
 * What a transaction owes at its end: how many tasks of each queue moved between states, and what happened to them, in one statement.
 * Kept in memory until then, so that a commit of a thousand tasks writes it once.
 */
export type Ledger = {
  /** Tasks of the queue (default: one) moved between states, given as numbers; undefined: they came, or they went. */
  move(queue: QueueEntry, from: number | undefined, to: number | undefined, tasks?: number): void;
  /** Something happened to a task of the queue. */
  note(queue: QueueEntry, fact: EventFact): void;
  /** Others may wait to hear of a task, though nothing happened to it. */
  tell(ref: TaskRef): void;
  /** Something was made known on a queue. */
  emitted(queue: QueueRef): void;
  /** So many ready tasks of a queue may be claimed that could not be before. */
  handsOut(queue: QueueEntry, count: number): void;
  /** Queues in which tasks may be claimed that could not be before, and how many. */
  ready(): readonly QueueChange[];
  /** What others may wait to hear of. */
  told(): Told;
  /** By how many tasks a state of a queue has grown. */
  pending(queue: Pick<QueueEntry, "id">, state: number): number;
  /** By how many tasks that have not ended a queue has grown. */
  liveOf(queue: QueueEntry): number;
  /** The same of a namespace. */
  liveIn(namespace: Namespace): number;
  /** Queues of which a state has grown, or shrunk, and by how many. */
  changed(state: number): readonly QueueChange[];
  /** Writes all of it, inside the transaction; answers the transaction's number, as far as it is known. */
  write(db: Session, slot: number): Promise<string | undefined>;
  /** What the log says of the transaction alone, once it is being written; undefined: nothing. */
  proof(): Buffer | undefined;
};

/** What other servers may have somebody waiting for. */
export type Told = Pick<OthersNews, "changed" | "cancelled" | "emitted">;

/** So many tasks of a queue came into a state, or left it. */
export type QueueChange = { readonly queue: QueueEntry; readonly by: number };

const stateCount = 7;
/** Room for a row's other columns, counted towards the size of the log. */
const rowBytes = 64;

const states = ["scheduled", "ready", "leased", "succeeded", "failed", "cancelled", "expired"] as const;
const added = states.map((state) => `${state} = d.${state} + excluded.${state}`).join(", ");

const upsertDepths = `
  INSERT INTO depths AS d (queue, slot, ${states.join(", ")})
  SELECT u.queue, $1::int2, ${states.map((state) => `u.${state}`).join(", ")}
  FROM unnest($2::int4[], ${states.map((_, at) => `$${at + 3}::int8[]`).join(", ")}) AS u(queue, ${states.join(", ")})
  ON CONFLICT (queue, slot) DO UPDATE SET ${added}`;
const countAndTell = statement<[xid: string]>(`
  WITH counted AS (${upsertDepths})
  INSERT INTO events (row, xid, newest_at, bytes, last_index, queues, facts)
  SELECT s.event_base + pg_current_xact_id()::text::int8, pg_current_xact_id(), $10::int8, $11::int4, $12::int4, $13::int4[], $14::bytea[]
  FROM store s RETURNING xid::text`);
const countOnly = statement(upsertDepths);

/** Facts of one queue, one after the other. */
type Run = { readonly queue: QueueEntry; readonly pack: FactPack };

/** Makes an empty one. */
export function createLedger(): Ledger {
  const moved = new Map<QueueEntry, number[]>();
  const runs: Run[] = [];
  const told = { changed: [] as TaskRef[], cancelled: [] as TaskRef[], emitted: [] as QueueRef[] };
  const opened: QueueChange[] = [];
  let factCount = 0;
  let proof: Buffer | undefined;

  function countsOf(queue: QueueEntry): number[] {
    let counts = moved.get(queue);
    if (counts === undefined) {
      counts = new Array<number>(stateCount).fill(0);
      moved.set(queue, counts);
    }
    return counts;
  }

  function shift(queue: QueueEntry, state: number, by: number): void {
    const counts = countsOf(queue);
    counts[state] = (counts[state] ?? 0) + by;
  }

  /** In the order of queues, so that servers that share a slot by mistake wait for each other, and no more. */
  function depthColumns(): Buffer[] {
    const rows = [...moved].filter(([, counts]) => counts.some((by) => by !== 0));
    rows.sort(([a], [b]) => a.id - b.id);
    const columns = states.map((_, state) => int8s(rows.map(([, counts]) => counts[state] ?? 0)));
    return [int4s(rows.map(([queue]) => queue.id)), ...columns];
  }

  return {
    move(queue, from, to, tasks = 1) {
      if (from !== undefined) shift(queue, from, -tasks);
      if (to !== undefined) shift(queue, to, tasks);
    },
    note(queue, fact) {
      let run = runs.at(-1);
      if (run?.queue !== queue) {
        run = { queue, pack: new FactPack() };
        runs.push(run);
      }
      run.pack.add(fact);
      factCount += 1;
      // Nobody waits for one that only came, or is being run.
      if (fact.kind === "accepted" || fact.kind === "leased") return;
      const ref = { namespace: queue.namespace, id: fact.id };
      told.changed.push(ref);
      if (fact.kind === "cancel_requested") told.cancelled.push(ref);
    },
    tell: (ref) => void told.changed.push(ref),
    emitted: (queue) => void told.emitted.push(queue),
    handsOut: (queue, by) => void opened.push({ queue, by }),
    ready: () => [...opened, ...changed(moved, stateCode.ready).filter(({ by }) => by > 0)],
    told: () => told,
    pending: ({ id }, state) =>
      [...moved].reduce((sum, [queue, counts]) => sum + (queue.id === id ? (counts[state] ?? 0) : 0), 0),
    liveOf: (queue) => liveOf(moved.get(queue)),
    liveIn: (namespace) =>
      [...moved].reduce(
        (sum, [queue, counts]) => sum + (queue.namespace === namespace ? liveOf(counts) : 0),
        0,
      ),
    changed: (state) => changed(moved, state),
    async write(db, slot) {
      if (moved.size === 0 && runs.length === 0) return undefined;
      if (runs.length === 0) {
        await db.run(countOnly, slot, ...depthColumns());
        return undefined;
      }
      const facts = runs.map(({ pack }) => pack.blob());
      const bytes = facts.reduce((sum, { length }) => sum + length, rowBytes);
      const newestAt = Math.max(...runs.map(({ pack }) => pack.newestAt));
      proof = byteas(facts);
      const log = [int4s(runs.map(({ queue }) => queue.id)), proof];
      const counts = [instantOf(newestAt), bytes, factCount - 1] as const;
      const [row] = await db.rows(countAndTell, slot, ...depthColumns(), ...counts, ...log);
      return row?.[0];
    },
    proof: () => proof,
  };
}

function changed(moved: ReadonlyMap<QueueEntry, readonly number[]>, state: number): QueueChange[] {
  return [...moved].flatMap(([queue, counts]) => {
    const by = counts[state] ?? 0;
    return by === 0 ? [] : [{ queue, by }];
  });
}

/** The states before those of the end have the lowest numbers. */
const liveOf = ([scheduled = 0, ready = 0, leased = 0]: readonly number[] = []): number =>
  scheduled + ready + leased;
