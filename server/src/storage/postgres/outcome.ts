import type { Connection } from "./connection.ts";
import { faultOf } from "./problems.ts";
import { statement } from "./session.ts";

/** What became of a transaction of which the answer to COMMIT was lost. */
export type Outcome = "committed" | "aborted" | "unknown";

// Where a standby has to confirm, a commit whose wait was broken off is here and may not be there.
const selectStatus = statement<[status: "committed" | "aborted" | "in progress" | null, isLocal: boolean]>(
  "SELECT pg_xact_status($1::xid8), current_setting('synchronous_standby_names') = ''",
);

/** So often, and so long apart, it is asked: for some seconds, while callers wait. */
const looksMax = 40;
const lookMs = 100;

/** Finds out, by another connection, as soon as there is one. */
export async function outcomeOf(connection: Connection, xid: string | undefined): Promise<Outcome> {
  if (xid === undefined) return "unknown";
  for (let look = 1; look <= looksMax; look += 1) {
    try {
      const { db } = await connection.ensure();
      const [[status, isLocal] = [null, false]] = await db.rows(selectStatus, xid);
      if (status === "aborted") return "aborted";
      if (status !== "in progress") return status === "committed" && isLocal ? "committed" : "unknown";
    } catch (error) {
      if (faultOf(error) !== "unavailable") return "unknown";
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  return "unknown";
}
