import type { AttemptRecord } from "../../model/attempt.ts";
import type { TaskRef } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { type AttemptRow, attemptColumns, attemptOf } from "../sql/attempt-row.ts";
import { attemptOutcomes } from "../sql/codes.ts";
import { command, type Database, query } from "./files/connection.ts";

/** Notes how an attempt ended badly, by the transition that had this revision. */
export type NoteAttempt = (
  seq: number,
  revision: number,
  ended: Pick<AttemptRecord, "attempt" | "outcome" | "endedAt" | "failure">,
) => void;

/** Makes it; the row of the task still says who had the attempt, and since when. */
export function createNoteAttempt(db: Database, { attemptHistoryMax }: Limits): NoteAttempt {
  const insert = command(
    db,
    `INSERT INTO attempts (seq, revision, attempt, outcome, started_at, ended_at, worker, failure)
     SELECT seq, ?1, ?2, ?3, started_at, ?4, worker, ?5 FROM tasks WHERE seq = ?6`,
  );
  const dropOldest = command(
    db,
    `DELETE FROM attempts WHERE seq = ?1 AND revision <=
       (SELECT revision FROM attempts WHERE seq = ?1 ORDER BY revision DESC LIMIT 1 OFFSET ?2)`,
  );
  return (seq, revision, { attempt, outcome, endedAt, failure }) => {
    insert(revision, attempt, attemptOutcomes.code(outcome), endedAt, failure ?? null, seq);
    // Each attempt takes two revisions at least: before that there cannot be too many.
    if (revision > 2 * attemptHistoryMax) dropOldest(seq, attemptHistoryMax);
  };
}

/** Makes readAttempts: the attempts of a task that ended badly, oldest first. */
export function createReadAttempts(db: Database): (ref: TaskRef) => readonly AttemptRecord[] {
  const select = query<AttemptRow>(
    db,
    `SELECT ${attemptColumns}
     FROM namespaces n CROSS JOIN contents c ON c.namespace = n.id CROSS JOIN attempts a ON a.seq = c.seq
     WHERE n.name = ? AND c.id = ? ORDER BY a.revision`,
  );
  return ({ namespace, id }) => select.all(namespace, id).map(attemptOf);
}

/** Makes the removal of all that is noted of tasks, whose numbers come as a JSON list. */
export function createDropNotes(db: Database): (seqs: string) => void {
  const drops = ["attempts", "replays", "outputs", "output_heads"].map((table) =>
    command(db, `DELETE FROM ${table} WHERE seq IN (SELECT value FROM json_each(?))`),
  );
  return (seqs) => {
    for (const drop of drops) drop(seqs);
  };
}
