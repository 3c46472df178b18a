import type { Instant } from "../model/ids.ts";

/** The time, and a way to be called later. One per server; tests and simulations drive their own. */
export interface Clock {
  /** Epoch milliseconds that never run backwards within one process. */
  now(): Instant;
  /** What the machine's wall clock shows, which may be put forward or back. Only where there is one. */
  wall?(): number;
  /** Calls `run` once after at least `delayMs` (any length), unless cancelled first. Does not keep the process alive. */
  after(delayMs: number, run: () => void): CancelTimer;
}

/** Cancels a timer; does nothing when it has fired. */
export type CancelTimer = () => void;
