/** What can go wrong in Postgres, and what callers hear of it: the only place where its errors are read. No text of them leaves. */

import { StemProblem } from "../../model/problem.ts";

/**
 * full: no room, nothing was stored. conflict: another server was in the way, nothing was stored, and it may go well if it is done
 * again. unavailable: the database could not be asked, or did not answer; what was under way is unknown. bug: ours.
 */
export type Fault = "full" | "conflict" | "unavailable" | "bug";

/** What was decided does not hold any more, because of another server: the transaction is undone and done again. */
export class Conflict extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Conflict";
  }
}

/** By SQLSTATE, or the class that it begins with. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const faults: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["40001", "conflict"], // serialization failure
  ["40P01", "conflict"], // deadlock
  ["55P03", "conflict"], // lock not available in time
  ["08", "unavailable"], // connection
  ["53100", "full"], // disk full
  ["53", "unavailable"], // out of memory, too many connections
  ["57", "unavailable"], // shut down, crashed, cancelled
  ["58", "unavailable"], // I/O errors
  ["25006", "unavailable"], // read-only: no primary any more
  ["28", "unavailable"], // our password is not good any more
  ["XX", "unavailable"], // corruption, internal
]);

/** What an error means. One without a SQLSTATE comes from the connection, not from the database. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Conflict) return "conflict";
  if (error instanceof StemProblem) return "unavailable";
  const state = sqlStateOf(error);
  if (state !== undefined) return faults.get(state) ?? faults.get(state.slice(0, 2)) ?? "bug";
  return isFromConnection(error) ? "unavailable" : "bug";
}

/** What a caller gets for an error. */
export function problemOf(error: unknown): Error {
  if (error instanceof StemProblem) return error;
  switch (faultOf(error)) {
    case "full":
      return new StemProblem({ reason: "STORE_FULL" }, { cause: error });
    case "conflict":
    case "unavailable":
      return unavailable(error);
    case "bug":
      return new Error(`the store made a mistake: ${textOf(error)}`, { cause: error });
  }
}

/** The store cannot be asked. */
export const unavailable = (cause?: unknown): StemProblem =>
  new StemProblem({ reason: "STORE_UNAVAILABLE" }, { cause });

/** The words of whatever was thrown, with Postgres's own code, which says more. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const state = sqlStateOf(error);
  return state === undefined ? error.message : `${error.message} (SQLSTATE ${state})`;
}

function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  // The words of system errors, such as EPIPE, have no digit.
  return typeof code === "string" && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Of the socket, which has a system's code, or of the client, which says it in words. */
function isFromConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string" && /^E[A-Z]+$/.test(code)) return true;
  return /connection|timeout|not queryable|terminated|socket/i.test(error.message);
}
