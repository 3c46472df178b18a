import { type AttemptRecord, attemptEnd } from "../../model/attempt.ts";
import type { Bytes, Instant, TaskRef } from "../../model/ids.ts";
import type { KeepNewest } from "../../model/retention.ts";
import { isTerminal, type TaskHead, type TaskPolicy } from "../../model/task.ts";
import { headAfter } from "../../model/task-change.ts";
import type { TaskChange } from "../../model/task-machine.ts";
import { states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf, isTied } from "../sql/task-row.ts";
import { int4s, int8s, texts } from "./arrays.ts";
import { headJoins, sideJoins } from "./head-joins.ts";
import { gatesLock } from "./locks-of-store.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A task whose row is locked by this transaction: as it is, with what the transaction has done to it so far. */
export type Row = {
  readonly seq: number;
  readonly isTied: boolean;
  queue: QueueEntry;
  /** Replaced with every change. */
  head: TaskHead;
  outcomeHash: number | undefined;
  deadlineAt: Instant | undefined;
};

/** A change that was decided, and how the newest lease was settled if that is what it is. */
export type Ending = {
  readonly change: TaskChange;
  readonly now: Instant;
  readonly outcomeHash?: number | undefined;
};

/** What changes leave beside the rows of their tasks. */
export type Leftovers = {
  readonly results: Map<number, { result: Bytes | undefined; failure: Bytes | undefined }>;
  readonly attempts: { readonly seq: number; readonly revision: number; readonly record: AttemptRecord }[];
  readonly policies: Map<number, TaskPolicy>;
  readonly checkpoints: Map<number, Bytes>;
  /** Claims of unique keys whose scope is over, until when, and when they are of no use any more. */
  readonly released: Map<number, { readonly until: Instant; readonly goneAt: Instant | undefined }>;
  /** Tasks that go on their names' shelves, in the order in which they ended, with the bounds that are in force there then. */
  readonly shelved: Map<number, KeepNewest>;
  /** Tasks of canvases that have ended, or are to be cancelled. */
  readonly stopped: Set<number>;
};

const noLeftovers = (): Leftovers => ({
  results: new Map(),
  attempts: [],
  policies: new Map(),
  checkpoints: new Map(),
  released: new Map(),
  shelved: new Map(),
  stopped: new Set(),
});

type LoadedRow = readonly [
  queue: number,
  namespace: number,
  outcomeHash: number | null,
  deadlineAt: Instant | null,
  ...head: HeadRow,
];

const byRef = `unnest($1::int4[], $2::text[]) AS asked(namespace, id)
  JOIN contents c ON c.namespace = asked.namespace AND c.id = asked.id JOIN tasks t ON t.seq = c.seq`;
const bySeq = "unnest($1::int8[]) AS asked(seq) JOIN tasks t ON t.seq = asked.seq";

// In this order, everywhere: first the gates of a namespace, then tasks by their numbers. Where another server holds a row, the lock
// waits for it; only the statement behind it sees what became of the row, and of what belongs to it.
const statementsFor = (source: string, joins: string, lockClass: string) => ({
  lockGates: statement(
    `SELECT pg_advisory_xact_lock(${lockClass}::int4, namespace + ${gatesLock(0)})
     FROM (SELECT DISTINCT t.namespace FROM ${source} WHERE t.tied ORDER BY 1) spaces`,
  ),
  lock: statement(`SELECT FROM ${source} ORDER BY t.seq FOR UPDATE OF t`),
  read: statement<LoadedRow>(
    `SELECT t.queue, t.namespace, t.outcome_hash, t.deadline_at, ${headColumns} FROM ${source} ${joins}`,
  ),
});
const refs = statementsFor(byRef, sideJoins, "$3");
const seqs = statementsFor(bySeq, headJoins, "$2");

/** Tasks that a transaction reads to write: looked up and locked, decided upon one after the other, and written together. */
export type Rows = {
  /** Locks tasks by their names, in the order asked; undefined where there is none. A task that is asked for twice is one row. */
  lock(refs: readonly TaskRef[]): Promise<readonly (Row | undefined)[]>;
  /** Locks tasks by their numbers; those that are not there are left out. */
  lockSeqs(seqs: readonly number[]): Promise<readonly Row[]>;
  /** Writes a change that was decided, with its event and its counts, when `dirty` is written. */
  change(row: Row, ending: Ending): void;
  /** Puts another head in the place of a row's, with its counts. */
  replace(row: Row, head: TaskHead, queue?: QueueEntry): void;
  readonly dirty: Set<Row>;
  readonly leftovers: Leftovers;
};

/** Makes an empty set of rows. */
export function createRows(work: Work): Rows {
  const { db, queues, ledger, lockClass } = work;
  const known = new Map<number, Row>();
  const dirty = new Set<Row>();
  const leftovers = noLeftovers();

  function rowOf(loaded: LoadedRow): Row {
    const [queueId, namespaceId, outcomeHash, deadlineAt, ...headRow] = loaded;
    const [seq] = headRow;
    const row = known.get(seq);
    if (row !== undefined) return row;
    const head = headOf(headRow);
    const made: Row = {
      seq,
      isTied: isTied(headRow),
      queue: queues.know({ id: queueId, namespaceId, namespace: head.namespace, name: head.queue }),
      head,
      outcomeHash: outcomeHash ?? undefined,
      deadlineAt: deadlineAt ?? undefined,
    };
    known.set(seq, made);
    return made;
  }

  async function load(from: typeof refs, ...columns: readonly Buffer[]): Promise<Row[]> {
    const [, , rows] = await Promise.all([
      db.rows(from.lockGates, ...columns, lockClass),
      db.rows(from.lock, ...columns),
      db.rows(from.read, ...columns),
    ]);
    return rows.map(rowOf);
  }

  function replace(row: Row, head: TaskHead, queue = row.queue): void {
    ledger.move(row.queue, states.code(row.head.state), undefined);
    ledger.move(queue, undefined, states.code(head.state));
    row.head = head;
    row.queue = queue;
    dirty.add(row);
  }

  return {
    dirty,
    leftovers,
    replace,
    async lock(asked) {
      await queues.loadNamespaces(
        db,
        asked.map(({ namespace }) => namespace),
      );
      const found = asked.flatMap(({ namespace, id }) => {
        const space = queues.namespaceId(namespace);
        return space === undefined ? [] : [[space, id] as const];
      });
      const spaces = int4s(found.map(([space]) => space));
      const rows = found.length === 0 ? [] : await load(refs, spaces, texts(found.map(([, id]) => id)));
      const byName = new Map(rows.map((row) => [placeOf(row.head), row]));
      return asked.map((ref) => byName.get(placeOf(ref)));
    },
    async lockSeqs(asked) {
      if (asked.length === 0) return [];
      await load(seqs, int8s(asked));
      return asked.flatMap((seq) => known.get(seq) ?? []);
    },
    change(row, { change, now, outcomeHash }) {
      noteLeftovers(leftovers, row, { change, now, outcomeHash });
      noteEnd(work, row, change, now);
      row.outcomeHash = outcomeHash ?? row.outcomeHash;
      row.deadlineAt = change.more?.waitUntil ?? row.deadlineAt;
      replace(row, headAfter(row.head, change));
      const { id, revision, attempt } = row.head;
      ledger.note(row.queue, { kind: change.event, reason: change.reason, id, revision, attempt, at: now });
    },
  };
}

const placeOf = ({ namespace, id }: TaskRef): string => `${namespace} ${id}`;

/** Notes what the end of a task means elsewhere: to those that wait for it, and that its content counts no more. */
function noteEnd(
  { backlog, continuations }: Work,
  { seq, queue, head }: Row,
  change: TaskChange,
  now: Instant,
): void {
  const { continues, grows } = change.more ?? {};
  const of = { seq, id: head.id, queue, now };
  if (grows !== undefined) continuations.owe({ kind: "growth", ...of, growth: grows });
  if (continues !== undefined) continuations.owe({ kind: "task", ended: { ...of, change, continues } });
  if (isTerminal(change.state) && !isTerminal(head.state)) backlog.ended(queue, seq);
}

/** Notes what a change leaves beside its row, while the head still says who had the attempt. */
function noteLeftovers(to: Leftovers, { seq, head }: Row, { change, now, outcomeHash }: Ending): void {
  const { result, failure, more, purgeAt } = change;
  if (result !== undefined || failure !== undefined) {
    const before = to.results.get(seq);
    to.results.set(seq, { result: result ?? before?.result, failure: failure ?? before?.failure });
  }
  const end = attemptEnd(change, outcomeHash !== undefined);
  if (end !== undefined) {
    const { startedAt, worker, revision } = head;
    const record = { ...end, startedAt, worker, endedAt: now, failure };
    to.attempts.push({ seq, revision: revision + 1, record });
  }
  if (more?.policy !== undefined) to.policies.set(seq, more.policy);
  if (more?.checkpoint !== undefined) to.checkpoints.set(seq, more.checkpoint);
  if (head.policy.member !== undefined && (isTerminal(change.state) || change.cancel !== undefined))
    to.stopped.add(seq);
  if (more?.keepNewest !== undefined) to.shelved.set(seq, more.keepNewest);
  if (more?.claimUntil !== undefined && !to.released.has(seq))
    to.released.set(seq, { until: more.claimUntil, goneAt: purgeAt });
}
