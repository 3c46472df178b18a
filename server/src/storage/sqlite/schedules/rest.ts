import { command, type Database } from "../files/connection.ts";

/** Makes what lets the schedules of a namespace be due, or keeps them from it: there are at most limits.schedulesPerNamespaceMax. */
export function createLetBeDue(db: Database): (space: number, areDue: boolean) => void {
  const [wake, rest] = ["look_at", "NULL"].map((dueAt) =>
    command(
      db,
      `UPDATE schedule_progress SET due_at = ${dueAt}
       WHERE look_at IS NOT NULL AND seq IN (SELECT s.seq FROM schedules s INDEXED BY schedules_id WHERE s.namespace = ?)`,
    ),
  );
  return (space, areDue) => void (areDue ? wake : rest)?.(space);
}
