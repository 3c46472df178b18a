/** What can go wrong between us and Redis, and what callers hear of it: the only place where its errors are read. No text of them leaves. */

import { StemProblem } from "../../model/problem.ts";

/**
 * full: it is out of memory and refused the script before it began. unknown: it could not be asked, or did not answer; what was asked for
 * may have happened. unloaded: it does not know the script. bug: ours.
 */
export type Fault = "full" | "unknown" | "unloaded" | "bug";

/** Where the errors of Redis begin that say that it cannot be asked now: all of them pass. */
const passing =
  /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|NOREPLICAS|MISCONF|BUSY|NOAUTH|NOPERM|WRONGPASS|EXECABORT|UNBLOCKED|ERR max number of clients)/;

/** What an error means. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return "bug";
  if (error.name !== "ReplyError") return isOfConnection(error) ? "unknown" : "bug";
  if (/^NOSCRIPT/.test(error.message)) return "unloaded";
  if (/OOM command not allowed|^OOM/.test(error.message)) return "full";
  return passing.test(error.message) ? "unknown" : "bug";
}

/** Errors of the client and of sockets; an error of our own lines is a TypeError or a RangeError. */
const isOfConnection = (error: Error): boolean =>
  !(error instanceof TypeError) && !(error instanceof RangeError) && !(error instanceof SyntaxError);

/** What a caller gets for an error. */
export function problemOf(error: unknown): Error {
  if (error instanceof StemProblem) return error;
  switch (faultOf(error)) {
    case "full":
      return new StemProblem({ reason: "STORE_FULL" });
    case "unknown":
      return unavailable();
    case "unloaded":
    case "bug":
      return new Error(`the store made a mistake: ${textOf(error)}`, { cause: error });
  }
}

/** The store cannot be asked. */
export const unavailable = (): StemProblem => new StemProblem({ reason: "STORE_UNAVAILABLE" });

/** The words of whatever was thrown. */
export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
