import { isBeyond, tallyWith, tallyWithout } from "../../model/kept-log.ts";
import { freshOutput, type OutputHead, type OutputKind, outputBounds } from "../../model/task-output.ts";
import type { OutputVerdict, OutputWrite } from "../../ports/output-store.ts";
import { outputKindCodes, states } from "../sql/codes.ts";
import { type OutputHeadRow, outputHeadColumns, outputHeadOf, tallyText } from "../sql/output-head.ts";
import { command, query } from "./files/connection.ts";
import { type LeaseFacts, lostReason } from "./lost-lease.ts";
import type { Writing } from "./writing.ts";

type WriterRow = [
  seq: number,
  state: number,
  attempt: number,
  deliveries: number,
  fenceEpoch: number,
  fenceSeq: number,
  outcomeHash: number | null,
  ...head: OutputHeadRow,
];

/** The task that writes. */
type OutputTask = LeaseFacts & {
  readonly seq: number;
  readonly attempt: number;
  readonly delivery: number;
  readonly head: OutputHead;
};

/** Makes writeOutput: keeps what the holders of leases put out. */
export function createWriteOutput(
  writing: Writing,
): (writes: readonly OutputWrite[]) => readonly OutputVerdict[] {
  const { db, limits } = writing;
  const find = createFindWriter(writing);
  const dropOldest = createDropOldest(writing);
  const insert = command(
    db,
    "INSERT INTO outputs (seq, place, kind, attempt, delivery, written_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const putHead = command(
    db,
    `INSERT OR REPLACE INTO output_heads (seq, next_place, fence_epoch, fence_seq, newest, tallies)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );

  function writeOne(write: OutputWrite): OutputVerdict {
    const task = find(write);
    if (task === undefined) return { kind: "lost", state: undefined, why: "task_unknown" };
    const why = lostReason(task, write.fence);
    if (why !== undefined) return { kind: "lost", state: states.word(task.state), why };
    const { fresh, newestSeq } = freshOutput(task.head, write.fence, write.entries);
    let { head } = task;
    for (const { kind, body } of fresh) {
      const { seq, attempt, delivery } = task;
      insert(seq, head.nextOffset, outputKindCodes.code(kind), attempt, delivery, write.now, body);
      const tally = tallyWith(head.tallies[kind], body.length);
      head = { ...head, nextOffset: head.nextOffset + 1, tallies: { ...head.tallies, [kind]: tally } };
      while (isBeyond(head.tallies[kind], outputBounds(kind, limits))) head = dropOldest(seq, head, kind);
    }
    const { epoch, seq } = write.fence;
    if (fresh.length > 0) putHead(task.seq, head.nextOffset, epoch, seq, newestSeq, tallyText(head));
    return { kind: "written", written: fresh.length, repeated: write.entries.length - fresh.length };
  }

  return (writes) => writes.map(writeOne);
}

function createFindWriter({ db, queues }: Writing): (write: OutputWrite) => OutputTask | undefined {
  const select = query<WriterRow>(
    db,
    `SELECT t.seq, t.state, t.attempt, t.deliveries, t.fence_epoch, t.fence_seq, t.outcome_hash, ${outputHeadColumns}
     FROM contents c CROSS JOIN tasks t ON t.seq = c.seq LEFT JOIN output_heads o ON o.seq = t.seq
     WHERE c.namespace = ? AND c.id = ?`,
  );
  return ({ namespace, id }) => {
    const space = queues.namespaceId(namespace);
    const row = space === undefined ? undefined : select.get(space, id);
    if (row === undefined) return undefined;
    const [seq, state, attempt, delivery, fenceEpoch, fenceSeq, outcomeHash, ...head] = row;
    return {
      ...{ seq, state, attempt, delivery, fenceEpoch, fenceSeq, outcomeHash },
      head: outputHeadOf(head),
    };
  };
}

/** Drops the oldest entry of a kind; answers the head after that. */
function createDropOldest({ db }: Writing): (seq: number, head: OutputHead, kind: OutputKind) => OutputHead {
  const oldest = query<[place: number, bytes: number]>(
    db,
    `SELECT place, length(body) FROM outputs INDEXED BY outputs_place
     WHERE seq = ? AND place >= ? AND kind = ? ORDER BY place LIMIT 1`,
  );
  const drop = command(db, "DELETE FROM outputs WHERE seq = ? AND place = ?");
  return (seq, head, kind) => {
    const tally = head.tallies[kind];
    const [offset, bytes] = oldest.get(seq, tally.keptFrom, outputKindCodes.code(kind)) ?? [];
    if (offset === undefined || bytes === undefined)
      throw new Error("a tally counts an entry that is not there");
    drop(seq, offset);
    return { ...head, tallies: { ...head.tallies, [kind]: tallyWithout(tally, { offset, bytes }) } };
  };
}
