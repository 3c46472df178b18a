/**
 * What the processes of a chaos run write down: one JSON object a line, appended in one write each, so that a line outlives the
 * process that wrote it. Times are of the machine's monotonic clock, which all its processes share.
 */

import { createHash } from "node:crypto";

/** The two numbers of a fence: epoch, then seq. */
export type Fence = readonly [epoch: number, seq: number];

/** The states that a task never leaves. */
export type EndState = "succeeded" | "failed" | "cancelled";

type Line<Op extends string, Phase extends string> = {
  /** Milliseconds of the monotonic clock. */
  readonly t: number;
  /** Who wrote it. A process that is started again gets a name of its own. */
  readonly proc: string;
  readonly op: Op;
  readonly phase: Phase;
};

/** One call that enqueues one task. fail: the server said that nothing was stored. unknown: it may or may not be. */
export type EnqueueLine = Line<"enqueue", "invoke" | "ok" | "fail" | "unknown"> & {
  readonly task: string;
  readonly argsHash: string;
  readonly code?: string;
};

/** One run of a handler, from its first act to its end; `fail` threw. */
export type RunLine = Line<"run", "invoke" | "ok" | "fail"> & {
  readonly task: string;
  readonly fence: Fence;
  readonly valueHash?: string;
  /** When the run itself knows that its lease is used up to 80 %, for workers that go on all the same. */
  readonly deadline?: number;
};

/** The worker told a handler to stop. */
export type AbortLine = Line<"abort", "ok"> & { readonly task: string; readonly fence: Fence };

/** One settlement and its answer. fail: refused, `code` says why. */
export type SettleLine = Line<"settle", "invoke" | "ok" | "fail" | "unknown"> & {
  readonly task: string;
  readonly fence: Fence;
  readonly valueHash?: string;
  readonly code?: string;
  /** Why its lease was lost. */
  readonly why?: string;
  /** The task's state, as the answer tells it. */
  readonly state?: string;
};

/** A client was told how a task ended. */
export type SeeLine = Line<"see", "ok"> & {
  readonly task: string;
  readonly state: EndState;
  readonly valueHash?: string;
};

/** Something was done to a process or its network on purpose. */
export type FaultLine = Line<"kill" | "term" | "stop" | "continue" | "cut" | "heal", "ok"> & {
  /** The process it was done to. */
  readonly target: string;
};

/** Any line. */
export type HistoryLine = EnqueueLine | RunLine | AbortLine | SettleLine | SeeLine | FaultLine;

/** Milliseconds of the clock that all processes of this machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Says whether two values are the same without keeping them: a short hash of a value as JSON. */
export function hashOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(value) ?? "")
    .digest("hex")
    .slice(0, 16);
}

/** The same of a value that is JSON text already, however it is spaced. */
export const hashOfJson = (json: string): string => hashOf(JSON.parse(json));

/** Negative when `a` is the older one, zero when they are one. */
export const compareFences = (a: Fence, b: Fence): number => a[0] - b[0] || a[1] - b[1];

/** Whether a task never leaves this state. */
export const isEndState = (state: string | undefined): state is EndState =>
  state === "succeeded" || state === "failed" || state === "cancelled";

/** The lines of a history file. A last line without its end, of a process that was killed in the middle, is left out. */
export function readHistory(text: string): HistoryLine[] {
  const lines = text.split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as HistoryLine);
}
