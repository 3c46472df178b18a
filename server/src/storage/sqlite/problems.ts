/** What can go wrong below, and what callers hear of it: the only place where the errors of SQLite are read. No text of them leaves. */

import { StemProblem } from "../../model/problem.ts";

/**
 * full: no room, nothing was stored. busy: somebody holds the file, nothing was stored. broken: the file can no longer be trusted, or
 * the thread is gone; what was under way is unknown. bug: ours.
 */
export type Fault = "full" | "busy" | "broken" | "bug";

/** A fault that we found ourselves. */
export class StoreFault extends Error {
  readonly fault: Fault;
  constructor(fault: Fault, message: string) {
    super(message);
    this.name = "StoreFault";
    this.fault = fault;
  }
}

/** SQLite's primary result codes that are not our mistake; all others come from wrong statements. */
const faults: ReadonlyMap<number, Fault> = new Map<number, Fault>([
  [5, "busy"],
  [6, "busy"],
  [7, "broken"], // NOMEM
  [8, "broken"], // READONLY
  [10, "broken"], // IOERR: after a failed fsync nobody knows what the page cache still holds
  [11, "broken"], // CORRUPT
  [13, "full"],
  [14, "broken"], // CANTOPEN
  [15, "broken"], // PROTOCOL
  [22, "broken"], // NOLFS
  [26, "broken"], // NOTADB
]);

/** What an error means for the store. */
export function faultOf(error: unknown): Fault {
  if (error instanceof StoreFault) return error.fault;
  const code = (error as { readonly errcode?: unknown } | null)?.errcode;
  return (typeof code === "number" ? faults.get(code & 0xff) : undefined) ?? "bug";
}

/** What a caller gets for a fault. `text` is for the log; it goes out only with our own mistakes, which the edge hides. */
export function problemOf(fault: Fault, text: string): Error {
  switch (fault) {
    case "full":
      return new StemProblem({ reason: "STORE_FULL" });
    case "busy":
    case "broken":
      return unavailable();
    case "bug":
      return new Error(`the store made a mistake: ${text}`);
  }
}

/** The store cannot be asked. */
export const unavailable = (): StemProblem => new StemProblem({ reason: "STORE_UNAVAILABLE" });

/** The words of whatever was thrown; with SQLite's own code, which says more than its words: 1034 is a failed sync. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { readonly errcode?: unknown }).errcode;
  return typeof code === "number" ? `${error.message} (SQLite error ${code})` : error.message;
}
