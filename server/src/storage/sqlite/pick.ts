import { isSatisfied, labelsOfLane } from "../../model/gate.ts";
import { gatesOf, isBefore, type LimitedGate, stages } from "../../model/gatekeeper.ts";
import type { QueueName } from "../../model/ids.ts";
import { dealTurns, type QueueTier } from "../../model/queue-tier.ts";
import type { ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { query } from "./files/connection.ts";
import type { Gates } from "./gates.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Tie } from "./ties.ts";
import type { Writing } from "./writing.ts";

/** What a claim takes: the numbers of its tasks in the order of grants, and those of them that are tied. */
export type Picked = {
  readonly seqs: readonly number[];
  readonly ties: readonly Tie[];
  /** How many were met whose gate had closed, and went back: those behind them may come when the gates are tended. */
  readonly held: number;
};

/** What the claim has taken so far. */
export type Before = { readonly count: number; readonly bytes: number };

/** A ready task as its index has it. */
type Candidate = {
  readonly seq: number;
  readonly priority: number;
  readonly turn: number;
  readonly contentBytes: number;
  readonly tie: Tie | undefined;
};

/** The ready tasks of one queue and one index, read as far as they are needed. */
type Line = {
  readonly queue: QueueEntry;
  first(): Candidate | undefined;
  /** Goes on behind the first; `isTaken` when it was taken, and not moved away. */
  drop(isTaken: boolean): void;
};

type Read = (queue: QueueEntry, limit: number, offset: number) => readonly Candidate[];

/** So many tasks may be found at gates that closed meanwhile, before a claim takes what it has. */
const heldMax = 1000;

/** Makes the choice of a claim where limits are in force or tasks are tied: what candidates.ts does for all others. */
export function createPick(
  writing: Writing,
): (want: ClaimRequest, before: Before, queues: readonly QueueEntry[]) => Picked {
  const { db, gates } = writing;
  const select = query<[number, number, number]>(
    db,
    `SELECT seq, priority, content_bytes FROM tasks INDEXED BY tasks_ready
     WHERE queue = ? AND state = ${stateCode.ready} AND tied IS NULL ORDER BY priority DESC, seq LIMIT ? OFFSET ?`,
  );
  const readFree: Read = (queue, limit, offset) =>
    select
      .all(queue.id, limit, offset)
      .map(([seq, priority, contentBytes]) => ({ seq, priority, turn: 0, contentBytes, tie: undefined }));
  const readTied =
    (lane: string): Read =>
    (queue, limit, offset) =>
      gates.ties.ready(queue.id, lane, [limit, offset]).map((tie) => ({ ...tie, tie }));
  /** What a worker may have of a queue: what is free, and each set of labels that it has. */
  const readsOf = (queue: QueueEntry, { labels }: ClaimRequest): Read[] => {
    const lanes = queue.hasTied ? gates.ties.lanes(queue.id) : [];
    return [readFree, ...lanes.filter((lane) => isSatisfied(labelsOfLane(lane), labels)).map(readTied)];
  };

  return (want, before, queues) => {
    const rowsMax = Math.max(16, Math.ceil(want.limit / queues.length));
    const room = new Map(queues.map((queue) => [queue, gates.queueCapacity(queue, want.now)]));
    const lines = queues
      .filter((queue) => room.get(queue) !== 0)
      .flatMap((queue) => readsOf(queue, want).map((read) => createLine(queue, read, rowsMax)));
    const taking = createTaking(want, { room, permits: createPermits(gates, want), before });
    for (const tier of want.tiers ?? [{ kind: "merged", queues: want.queues }]) takeTier(taking, lines, tier);
    return taking.picked();
  };
}

/** Takes what a tier has, as far as more is wanted. */
function takeTier({ next, left }: Taking, lines: readonly Line[], tier: QueueTier): void {
  const linesOf = (names: readonly QueueName[]) => lines.filter(({ queue }) => names.includes(queue.name));
  if (tier.kind === "weighted") {
    const own = new Map(tier.shares.map(({ queue }) => [queue, linesOf([queue])]));
    dealTurns(tier.shares, left(), (queue) => next(own.get(queue) ?? []));
    return;
  }
  const own = tier.queues.length < lines.length ? linesOf(tier.queues) : lines;
  while (left() > 0 && next(own) !== undefined);
}

type Allowance = {
  readonly room: Map<QueueEntry, number>;
  readonly permits: Permits;
  readonly before: Before;
};

type Taking = {
  /** Takes the best task of some lines, if it may be leased; undefined: they have none, or the claim is full. */
  next(lines: readonly Line[]): Candidate | undefined;
  /** How many more are wanted. */
  left(): number;
  picked(): Picked;
};

function createTaking(
  { limit, contentBytesMax }: ClaimRequest,
  { room, permits, before }: Allowance,
): Taking {
  const seqs: number[] = [];
  const ties: Tie[] = [];
  let { count, bytes } = before;
  let isFull = false;

  function take(line: Line, { seq, tie, contentBytes }: Candidate): void {
    bytes += contentBytes;
    count += 1;
    seqs.push(seq);
    if (tie !== undefined) ties.push(tie);
    room.set(line.queue, (room.get(line.queue) ?? 0) - 1);
  }

  return {
    next(lines) {
      while (!isFull && count < limit && permits.held < heldMax) {
        const line = bestOf(lines, room);
        const candidate = line?.first();
        if (line === undefined || candidate === undefined) return undefined;
        isFull = count > 0 && bytes + candidate.contentBytes > contentBytesMax;
        if (isFull) return undefined;
        const isAllowed = candidate.tie === undefined || permits.take(candidate.tie);
        line.drop(isAllowed);
        if (!isAllowed) continue;
        take(line, candidate);
        return candidate;
      }
      return undefined;
    },
    left: () => limit - count,
    picked: () => ({ seqs, ties, held: permits.held }),
  };
}

function bestOf(lines: readonly Line[], room: ReadonlyMap<QueueEntry, number>): Line | undefined {
  let best: { line: Line; first: Candidate } | undefined;
  for (const line of lines) {
    const first = (room.get(line.queue) ?? 0) > 0 ? line.first() : undefined;
    if (first !== undefined && (best === undefined || isBefore(first, best.first))) best = { line, first };
  }
  return best?.line;
}

function createLine(queue: QueueEntry, read: Read, rowsMax: number): Line {
  let rows = read(queue, rowsMax, 0);
  let at = 0;
  let taken = 0;
  return {
    queue,
    first: () => rows[at],
    drop(isTaken) {
      at += 1;
      if (isTaken) taken += 1;
      if (at < rows.length || rows.length < rowsMax) return;
      // Those that were moved away are not in the index any more.
      rows = read(queue, rowsMax, taken);
      at = 0;
    },
  };
}

type Permits = {
  /** How many were held back. */
  readonly held: number;
  /** Uses the permits that a task needs; without one, the task goes back to the gate that has none. */
  take(tie: Tie): boolean;
};

function createPermits({ keeper, ties, limits }: Gates, { now }: ClaimRequest): Permits {
  const left = new Map<string, number>();
  let held = 0;
  const idOf = ({ kind, text }: LimitedGate): string => `${kind} ${text}`;
  const leftAt = (gate: LimitedGate): number => {
    const known = left.get(idOf(gate)) ?? keeper.capacity(gate, now);
    left.set(idOf(gate), known);
    return known;
  };

  return {
    get held() {
      return held;
    },
    take(tie) {
      const gates = gatesOf(tie).filter(({ kind, text }) => limits.of(kind, text) !== undefined);
      const closed = gates.find((gate) => leftAt(gate) <= 0);
      if (closed !== undefined) {
        held += 1;
        ties.hold(tie.seq, stages[closed.kind]);
        keeper.touch(tie);
        return false;
      }
      for (const gate of gates) left.set(idOf(gate), leftAt(gate) - 1);
      return true;
    },
  };
}
