import type { Connection } from "./connection.ts";
import { faultOf } from "./problems.ts";
import { statement } from "./session.ts";

/** What became of a transaction of which the answer to COMMIT was lost. */
export type Outcome = "committed" | "aborted" | "unknown";

type Look = readonly [
  status: "committed" | "aborted" | "in progress" | null,
  isLogged: boolean,
  isLocal: boolean,
];

// A database that was killed gives the numbers of transactions of which nothing was on its disk to the next ones, such as that of whoever
// looks here. So what counts is what the log says under the number. Where a standby has to confirm, a commit whose wait was broken off is
// here and may not be there.
const look = statement<Look>(`
  SELECT pg_xact_status($1::xid8), EXISTS (SELECT FROM events WHERE xid = $1::xid8 AND facts = $2::bytea[]),
    current_setting('synchronous_standby_names') = ''`);

/** So often, and so long apart, it is asked: for some seconds, while callers wait. */
const looksMax = 40;
const lookMs = 100;

/** Finds out, by another connection, as soon as there is one, by the transaction's number and what it wrote into the log. */
export async function outcomeOf(
  connection: Connection,
  xid: string | undefined,
  proof: Buffer | undefined,
): Promise<Outcome> {
  if (xid === undefined || proof === undefined) return "unknown";
  for (let looks = 1; looks <= looksMax; looks += 1) {
    try {
      const { db } = await connection.ensure();
      const [[status, isLogged, isLocal] = [null, false, false]] = await db.rows(look, xid, proof);
      if (status === "aborted" || (status === "committed" && !isLogged)) return "aborted";
      if (status !== "in progress") return status === "committed" && isLocal ? "committed" : "unknown";
    } catch (error) {
      if (faultOf(error) !== "unavailable") return "unknown";
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  return "unknown";
}
