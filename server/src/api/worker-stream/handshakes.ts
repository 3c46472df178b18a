/**
 * How many workers may greet in a second. After a restart all of them come back at once, and each greeting opens a session, which costs a
 * look into the store and more: beyond the rate a stream is refused before anything was read of it, and told a time of its own to come
 * back, so that the crowd returns as a line.
 */

import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Clock } from "../../ports/clock.ts";

/** What was let in and what was put off so far, each as the moment up to which it fills the rate. */
export type Line = { readonly admittedTo: number; readonly toldTo: number };

/** Nobody has come yet. */
export const emptyLine: Line = { admittedTo: 0, toldTo: 0 };

/** Greetings in a second, and the longest wait that is told, in milliseconds. */
export type LineRule = { readonly perSecond: number; readonly waitMsMax: number };

/** The line after one more has come: let in, or told to come back after `waitMs`. */
export type Admitted = { readonly line: Line; readonly waitMs: number | undefined };

/** As many as come in a second may come at once. */
const burstMs = 1000;

/** Decides about one that comes now. Who is put off gets the place behind the last one who was; a line that is too long begins anew. */
export function admitted(line: Line, now: number, { perSecond, waitMsMax }: LineRule): Admitted {
  const stepMs = 1000 / perSecond;
  const admittedTo = Math.max(line.admittedTo, now) + stepMs;
  const freeAt = admittedTo - Math.max(burstMs, stepMs);
  // Moments are rounded: less than one is no reason to wait.
  if (freeAt - now < 0.5) return { line: { ...line, admittedTo }, waitMs: undefined };
  const behind = Math.max(line.toldTo + stepMs, freeAt);
  const toldTo = behind - now > waitMsMax ? freeAt : behind;
  return { line: { ...line, toldTo }, waitMs: Math.min(Math.ceil(toldTo - now), waitMsMax) };
}

/** The door of a server's worker streams. */
export interface Handshakes {
  /** Lets one in, or throws RATE_LIMIT_REACHED with the time to come back. */
  admit(): void;
}

/** Makes a door that nobody has come to. */
export function createHandshakes(clock: Clock, limits: Limits): Handshakes {
  const rule = { perSecond: limits.workerHandshakesPerSecondMax, waitMsMax: limits.handshakeWaitMsMax };
  let line = emptyLine;
  return {
    admit() {
      const answer = admitted(line, clock.now(), rule);
      line = answer.line;
      if (answer.waitMs === undefined) return;
      throw new StemProblem({
        reason: "RATE_LIMIT_REACHED",
        limit: "workerHandshakesPerSecondMax",
        max: rule.perSecond,
        retryAfterMs: answer.waitMs,
      });
    },
  };
}
