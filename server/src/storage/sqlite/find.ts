import { namespaceOf, type TaskRef } from "../../model/ids.ts";
import type { CancelMessage } from "../../model/task.ts";
import { storedHash } from "../sql/stored-hash.ts";
import { type Database, defineFunction, query } from "./files/connection.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Writing } from "./writing.ts";

/** What decisions under a guard need of a task. */
export type Found = {
  readonly seq: number;
  readonly queue: QueueEntry;
  readonly state: number;
  readonly revision: number;
  /** Whether it has a row in ties, as long as it lives. */
  readonly isTied: boolean;
  readonly fenceEpoch: number;
  readonly fenceSeq: number;
  readonly outcomeHash: number | null;
  /** What whoever cancelled it said; undefined while nobody did. */
  readonly cancel: CancelMessage | undefined;
};

type FoundRow = [
  seq: number,
  queue: number,
  state: number,
  revision: number,
  fenceEpoch: number,
  fenceSeq: number,
  outcomeHash: number | null,
  tied: number | null,
  cancelAt: number | null,
  cancelReason: string | null,
  cancelRequester: string | null,
];

/** Makes a look-up of tasks by id, as the running transaction sees them. */
export function createFind({ db, queues }: Writing): (ref: TaskRef) => Found | undefined {
  const select = query<FoundRow>(
    db,
    `SELECT t.seq, t.queue, t.state, t.revision, t.fence_epoch, t.fence_seq, t.outcome_hash, t.tied,
       t.cancel_at, t.cancel_reason, t.cancel_requester
     FROM contents c CROSS JOIN tasks t ON t.seq = c.seq WHERE c.namespace = ? AND c.id = ?`,
  );
  return ({ namespace, id }) => {
    const space = queues.namespaceId(namespace);
    const row = space === undefined ? undefined : select.get(space, id);
    if (row === undefined) return undefined;
    const [seq, queue, state, revision, fenceEpoch, fenceSeq, outcomeHash, tied, ...cancel] = row;
    return {
      seq,
      queue: queues.byId(queue),
      state,
      revision,
      isTied: tied !== null,
      fenceEpoch,
      fenceSeq,
      outcomeHash,
      cancel: cancelOf(...cancel),
    };
  };
}

const cancelOf = (
  at: number | null,
  reason: string | null,
  requester: string | null,
): CancelMessage | undefined =>
  at === null ? undefined : { reason: reason ?? "", requester: requester ?? undefined };

/** Looks up the hash of a task's content, of a removed one's too. */
export type FindHash = (ref: TaskRef) => string | undefined;

/** Lets statements of a connection compute that as `content_hash(namespace's name, hash, content)`. */
export function defineContentHash(db: Database): void {
  defineFunction(db, "content_hash", (namespace, hash, content) =>
    storedHash(namespaceOf(String(namespace)), String(hash), content as Uint8Array),
  );
}

/** Makes the look-up of content hashes by id. */
export function createFindHash({ db, queues }: Writing): FindHash {
  const select = query<[string, Uint8Array]>(
    db,
    "SELECT hash, content FROM contents WHERE namespace = ? AND id = ?",
  );
  return ({ namespace, id }) => {
    const space = queues.namespaceId(namespace);
    const row = space === undefined ? undefined : select.get(space, id);
    return row && storedHash(namespace, ...row);
  };
}

/**
 * Makes what tells whether ids of one namespace are all different and nobody has had any of them. Ids that were made together stand together,
 * so mostly one look at their range says it; where others are among them, one statement does, however many they are.
 */
export function createAreNew({ db, queues }: Writing): (refs: readonly TaskRef[]) => boolean {
  const selectWithin = query<[number]>(
    db,
    "SELECT EXISTS (SELECT 1 FROM contents WHERE namespace = ? AND id BETWEEN ? AND ?)",
  );
  const select = query<[number]>(
    db,
    `SELECT EXISTS (SELECT 1 FROM json_each(?2) some CROSS JOIN contents c ON c.namespace = ?1 AND c.id = some.value)`,
  );
  return (refs) => {
    const [first] = refs;
    if (first === undefined) return true;
    const range = rangeOf(refs);
    if (range === undefined) return false;
    const space = queues.namespaceId(first.namespace);
    if (space === undefined || selectWithin.get(space, ...range)?.[0] === 0) return true;
    return select.get(space, JSON.stringify(refs.map(({ id }) => id)))?.[0] === 0;
  };
}

/** The lowest and the highest id; undefined: some are the same. Those of a canvas come in their order, which says it without a set. */
function rangeOf(refs: readonly TaskRef[]): readonly [lowest: string, highest: string] | undefined {
  let [lowest, highest] = ["", ""];
  let areInOrder = true;
  for (const { id } of refs) {
    areInOrder &&= id > highest;
    if (lowest === "" || id < lowest) lowest = id;
    if (id > highest) highest = id;
  }
  const areDifferent = areInOrder || new Set(refs.map(({ id }) => id)).size === refs.length;
  return areDifferent ? [lowest, highest] : undefined;
}
