import { isSatisfied, labelsOfLane } from "../../model/gate.ts";
import { stages } from "../../model/gatekeeper.ts";
import type { ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { createPermits } from "../sql/permits.ts";
import {
  type Before,
  type Candidate,
  type Line,
  type Permits,
  type Picked as PickedOf,
  pickFrom,
} from "../sql/pick.ts";
import { query } from "./files/connection.ts";
import type { Gates } from "./gates.ts";
import type { QueueEntry } from "./queue-entry.ts";
import type { Tie } from "./ties.ts";
import type { Writing } from "./writing.ts";

export type { Before } from "../sql/pick.ts";
/** What a claim takes. */
export type Picked = PickedOf<Tie>;

type Read = (queue: QueueEntry, limit: number, offset: number) => readonly Candidate<Tie>[];

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
    return pickFrom(want, { lines, room, permits: permitsOf(gates, want), before });
  };
}

function createLine(queue: QueueEntry, read: Read, rowsMax: number): Line<QueueEntry, Tie> {
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

const permitsOf = ({ keeper, ties, limits }: Gates, { now }: ClaimRequest): Permits<Tie> =>
  createPermits(
    {
      isLimited: ({ kind, text }) => limits.of(kind, text) !== undefined,
      capacity: keeper.capacity,
      hold(tie, closed) {
        ties.hold(tie.seq, stages[closed.kind]);
        keeper.touch(tie);
      },
    },
    now,
  );
