import type { LimitRef } from "../../model/gate.ts";
import { stateCode } from "../sql/codes.ts";
import { statement } from "./session.ts";
import { bindTasks } from "./ties.ts";
import type { Work } from "./work.ts";

/** So many tasks are tied at a time: nothing else is written meanwhile. */
const rowsMax = 20_000;

const select = statement<[seq: number]>(`
  SELECT t.seq FROM tasks t JOIN contents c ON c.seq = t.seq
  WHERE t.namespace = $1 AND t.state <= ${stateCode.leased} AND t.tied IS NULL AND c.name = $2 ORDER BY t.seq LIMIT ${rowsMax}`);

/** Ties the tasks of a name that were accepted when nothing tied them; true: all are. */
export async function tieNames(
  { db, leases }: Work,
  space: number,
  { subject }: Pick<LimitRef, "subject">,
): Promise<boolean> {
  const found = (await db.rows(select, space, subject)).map(([seq]) => seq);
  const { hasLeased } = await bindTasks(db, found);
  // What is remembered of leases says that they are free; other servers' guards see that they are not.
  if (hasLeased) leases.clear();
  return found.length < rowsMax;
}
