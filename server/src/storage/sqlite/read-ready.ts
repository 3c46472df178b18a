import type { Bytes, Instant, TaskId } from "../../model/ids.ts";
import type { TaskPolicy } from "../../model/task.ts";
import { policyOfText } from "../sql/policy-text.ts";
import { type Database, query } from "./files/connection.ts";

/** What a claim reads of a task. */
export type Ready = {
  readonly seq: number;
  readonly queue: number;
  readonly revision: number;
  readonly attempt: number;
  readonly deliveries: number;
  readonly createdAt: Instant;
  readonly id: TaskId;
  readonly policy: TaskPolicy;
  /** A view of a buffer that all contents of the claim share. */
  readonly content: Bytes;
};

type ReadyRow = [
  seq: number,
  queue: number,
  revision: number,
  attempt: number,
  deliveries: number,
  createdAt: Instant,
  id: TaskId,
  policy: string | null,
  contentBytes: number,
];

/** Makes a reader of tasks by number, in the order of the numbers. */
export function createReadReady(db: Database): (seqs: readonly number[]) => Ready[] {
  // CROSS JOIN keeps the order of the list. Nearly all tasks have the policy of the last one, which then need not be read.
  const selectRows = query<ReadyRow>(
    db,
    `SELECT t.seq, t.queue, t.revision, t.attempt, t.deliveries, t.created_at, c.id, nullif(c.policy, ?2), length(c.content)
     FROM json_each(?1) best CROSS JOIN tasks t ON t.seq = best.value CROSS JOIN contents c ON c.seq = t.seq`,
  );
  // One blob for all: the client makes a buffer for each, which costs more than to read the row. SQLite takes blobs for text here
  // without a look at them.
  const selectContents = query<[Bytes]>(
    db,
    `SELECT CAST(group_concat(c.content, '') AS BLOB) FROM json_each(?) best CROSS JOIN contents c ON c.seq = best.value`,
  );
  let newestPolicy = "";

  return (seqs) => {
    const list = JSON.stringify(seqs);
    const [contents = none] = selectContents.get(list) ?? [];
    const usualPolicy = newestPolicy;
    let at = 0;
    return selectRows.all(list, usualPolicy).map((row): Ready => {
      const [seq, queue, revision, attempt, deliveries, createdAt, id, ownPolicy, contentBytes] = row;
      if (ownPolicy !== null) newestPolicy = ownPolicy;
      const content = contents.subarray(at, at + contentBytes);
      at += contentBytes;
      const policy = policyOfText(ownPolicy ?? usualPolicy);
      return { seq, queue, revision, attempt, deliveries, createdAt, id, policy, content };
    });
  };
}

const none = new Uint8Array(0);
