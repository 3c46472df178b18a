import type { Instant } from "../../model/ids.ts";
import { isBeyond, tallyWith, tallyWithout } from "../../model/kept-log.ts";
import type { Limits } from "../../model/limits.ts";
import {
  freshOutput,
  type NewOutput,
  type OutputHead,
  type OutputKind,
  outputBounds,
  outputKinds,
} from "../../model/task-output.ts";
import type { OutputVerdict, OutputWrite } from "../../ports/output-store.ts";
import { lostReason } from "../lost-lease.ts";
import { outputKindCodes } from "../sql/codes.ts";
import { type OutputHeadRow, outputHeadColumns, outputHeadOf, tallyText } from "../sql/output-head.ts";
import { byteas, int2s, int4s, int8s, texts } from "./arrays.ts";
import type { Verb } from "./lane.ts";
import { createRows, type Row } from "./rows.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const selectHeads = statement<[seq: number, ...OutputHeadRow]>(
  `SELECT o.seq, ${outputHeadColumns} FROM output_heads o WHERE o.seq = ANY ($1::int8[])`,
);
const insert = statement(`
  INSERT INTO outputs (seq, place, kind, attempt, delivery, written_at, body)
  SELECT * FROM unnest($1::int8[], $2::int8[], $3::int2[], $4::int4[], $5::int4[], $6::int8[], $7::bytea[])`);
const putHeads = statement(`
  INSERT INTO output_heads (seq, next_place, fence_epoch, fence_seq, newest, tallies)
  SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::text[])
  ON CONFLICT (seq) DO UPDATE SET next_place = excluded.next_place, fence_epoch = excluded.fence_epoch,
    fence_seq = excluded.fence_seq, newest = excluded.newest, tallies = excluded.tallies`);
const selectOldest = statement<[seq: number, kind: number, place: number, bytes: number]>(`
  SELECT u.seq, u.kind, o.place, o.bytes FROM unnest($1::int8[], $2::int2[], $3::int8[]) AS u(seq, kind, kept_from)
    CROSS JOIN LATERAL (
      SELECT place, length(body) AS bytes FROM outputs
      WHERE seq = u.seq AND place >= u.kept_from AND kind = u.kind ORDER BY place LIMIT $4) o
  ORDER BY o.place`);
const drop = statement(`
  DELETE FROM outputs o USING unnest($1::int8[], $2::int8[]) AS u(seq, place) WHERE o.seq = u.seq AND o.place = u.place`);

/** A task that puts something out. */
type Log = { readonly seq: number; head: OutputHead };

/** One entry on its way in. */
type Entry = {
  readonly row: Row;
  readonly place: number;
  readonly output: NewOutput;
  readonly now: Instant;
};

/** Keeps what the holders of leases put out: all of a batch with as many statements as one. */
export const writeOutput: Verb<OutputWrite, OutputVerdict> = {
  isDurable: true,
  async run(work, writes) {
    const { db } = work;
    const locked = await createRows(work).lock(writes);
    const logs = await readLogs(db, locked);
    const entries: Entry[] = [];
    const changed = new Set<Log>();
    const verdicts = writes.map((write, at): OutputVerdict => {
      const row = locked[at];
      const why = lostReason(row, write.fence);
      if (row === undefined || why !== undefined)
        return { kind: "lost", state: row?.head.state, why: why ?? "task_unknown" };
      const log = logs.get(row.seq) ?? { seq: row.seq, head: outputHeadOf([null, null, null, null, null]) };
      logs.set(row.seq, log);
      const { fresh, newestSeq } = freshOutput(log.head, write.fence, write.entries);
      for (const output of fresh) entries.push(enter(log, { row, output, now: write.now }));
      if (fresh.length > 0) {
        log.head = { ...log.head, fence: write.fence, newestSeq };
        changed.add(log);
      }
      return { kind: "written", written: fresh.length, repeated: write.entries.length - fresh.length };
    });
    for (const { row } of entries) work.ledger.tell(row.head);
    if (entries.length > 0) await writeLogs(work, [...changed], entries);
    return verdicts;
  },
};

async function readLogs(db: Session, rows: readonly (Row | undefined)[]): Promise<Map<number, Log>> {
  const seqs = rows.flatMap((row) => row?.seq ?? []);
  const found = seqs.length === 0 ? [] : await db.rows(selectHeads, int8s(seqs));
  return new Map(found.map(([seq, ...head]) => [seq, { seq, head: outputHeadOf(head) }]));
}

function enter(log: Log, { row, output, now }: Omit<Entry, "place">): Entry {
  const { kind, body } = output;
  const { nextOffset, tallies } = log.head;
  const tally = tallyWith(tallies[kind], body.length);
  log.head = { ...log.head, nextOffset: nextOffset + 1, tallies: { ...tallies, [kind]: tally } };
  return { row, place: nextOffset, output, now };
}

async function writeLogs(work: Work, logs: readonly Log[], entries: readonly Entry[]): Promise<void> {
  const { db, limits } = work;
  await db.run(
    insert,
    int8s(entries.map(({ row }) => row.seq)),
    int8s(entries.map(({ place }) => place)),
    int2s(entries.map(({ output }) => outputKindCodes.code(output.kind))),
    int4s(entries.map(({ row }) => row.head.attempt)),
    int4s(entries.map(({ row }) => row.head.deliveries)),
    int8s(entries.map(({ now }) => now)),
    byteas(entries.map(({ output }) => output.body)),
  );
  // As many of each as came in, at least: mostly that is what has to go.
  for (let look = entries.length; await dropOldest(db, limits, logs, look); look *= 2);
  await db.run(
    putHeads,
    int8s(logs.map(({ seq }) => seq)),
    int8s(logs.map(({ head }) => head.nextOffset)),
    int8s(logs.map(({ head }) => head.fence?.epoch)),
    int8s(logs.map(({ head }) => head.fence?.seq)),
    int8s(logs.map(({ head }) => head.newestSeq)),
    texts(logs.map(({ head }) => tallyText(head))),
  );
}

/** Drops some of the oldest entries beyond their bounds; false: none are. */
async function dropOldest(db: Session, limits: Limits, logs: readonly Log[], look: number): Promise<boolean> {
  const isOver = ({ head }: Log, kind: OutputKind) =>
    isBeyond(head.tallies[kind], outputBounds(kind, limits));
  const over = logs.flatMap((log) =>
    outputKinds.filter((kind) => isOver(log, kind)).map((kind) => ({ log, kind })),
  );
  if (over.length === 0) return false;
  const bySeq = new Map(logs.map((log) => [log.seq, log]));
  const oldest = await db.rows(
    selectOldest,
    int8s(over.map(({ log }) => log.seq)),
    int2s(over.map(({ kind }) => outputKindCodes.code(kind))),
    int8s(over.map(({ log, kind }) => log.head.tallies[kind].keptFrom)),
    look,
  );
  const gone: { readonly seq: number; readonly place: number }[] = [];
  for (const [seq, code, offset, bytes] of oldest) {
    const [log, kind] = [bySeq.get(seq), outputKindCodes.word(code)];
    if (log === undefined || !isOver(log, kind)) continue;
    const tally = tallyWithout(log.head.tallies[kind], { offset, bytes });
    log.head = { ...log.head, tallies: { ...log.head.tallies, [kind]: tally } };
    gone.push({ seq, place: offset });
  }
  if (gone.length === 0) throw new Error("a tally counts an entry that is not there");
  await db.run(drop, int8s(gone.map(({ seq }) => seq)), int8s(gone.map(({ place }) => place)));
  return true;
}
