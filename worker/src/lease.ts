import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Grant } from "@stem/proto/stem/v1/lease_pb";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { NewTask } from "@stem/proto/stem/v1/task_pb";
import type { CanvasNode } from "@stem/sdk";
import { LeaseLost, SoftTimeLimitExceeded, type StopError, TimeLimitExceeded } from "./errors.ts";

/**
 * unconfirmed: came late, and waits for the server to confirm it. buffered: waits for a slot. running: its handler runs. settling: its
 * outcome waits for the server's word.
 */
export type LeasePhase = "unconfirmed" | "buffered" | "running" | "settling";

/** The worker stops at this share of a lease that nobody confirmed; the rest is the margin between two runs of a task. */
const stopShare = 0.8;

/** A handler may begin while this share of the lease is left until it would have to stop: time for a heartbeat, and for another. */
const startShare = 0.4;

const noTask: NewTask = { $typeName: "stem.v1.NewTask", name: "", headers: {}, tags: [], metadata: {} };

/** How the lease was handed over. */
export type LeaseStart = {
  /** The number of its Grant. */
  readonly seq: number;
  /** The session's lease length; a Grant may say otherwise. */
  readonly leaseMs: number;
  /** When the frame was sent that the server had processed when it granted this: the lease is counted from here. */
  readonly countedFrom: number;
  /** When to give it back if no slot came free. */
  readonly startBy: number;
  /** How long one attempt may run where its producer does not say. */
  readonly timeLimitMs?: number | undefined;
};

/**
 * One lease in the worker's hands. Times are the worker's monotonic milliseconds. A class with fields that change in place, because
 * one is made for every task; its AbortController is made only for a handler that looks at the signal.
 */
export class HeldLease {
  readonly grant: Grant;
  readonly leaseMs: number;
  /** The number of its Grant in the session; 0 once a later session has taken it over. */
  seq: number;
  phase: LeasePhase = "buffered";
  /** When to stop for want of an answer. */
  stopAt: number;
  /** Buffered: when to give it back. Running: when its time limit is over. */
  limitAt: number;
  /** Running: when to tell it that it should come to an end. */
  softAt = Number.POSITIVE_INFINITY;
  /** Why it was told to stop. */
  stop: StopError | undefined;
  /** Ends its handler from outside; undefined: it can only be asked to end. */
  kill: (() => void) | undefined;
  /** When its handler began. */
  startedAt = 0;
  /** The number of the newest entry that it put out. */
  outputSeq = 0;
  /** What its handler left for the next attempt. */
  checkpoint: Payload | undefined;
  /** What its handler adds to the group that it is in. */
  newMembers: readonly CanvasNode[] | undefined;
  #controller: AbortController | undefined;
  #softController: AbortController | undefined;
  readonly #usualLimitMs: number | undefined;

  constructor(grant: Grant, start: LeaseStart) {
    this.grant = grant;
    this.seq = start.seq;
    this.leaseMs = grant.leaseDuration ? durationMs(grant.leaseDuration) : start.leaseMs;
    this.stopAt = start.countedFrom + this.leaseMs * stopShare;
    this.limitAt = start.startBy;
    this.#usualLimitMs = start.timeLimitMs;
  }

  /** The task as its producer asked for it. */
  get task(): NewTask {
    return this.grant.task ?? noTask;
  }

  /** How long one attempt may run; undefined: as long as it likes. */
  get timeLimitMs(): number | undefined {
    const limit = this.grant.timeLimit ?? this.task.options?.timeLimit;
    return limit ? durationMs(limit) : this.#usualLimitMs;
  }

  /** Whether its attempt is over, whatever its handler still does. */
  get isOver(): boolean {
    return this.phase === "settling" || (this.stop instanceof LeaseLost && this.stop.confirmed);
  }

  /** When an attempt is told that it should come to an end; undefined: never. */
  get softTimeLimitMs(): number | undefined {
    const limit = this.grant.softTimeLimit ?? this.task.options?.softTimeLimit;
    return limit && durationMs(limit);
  }

  /** Aborts when the attempt should come to an end. */
  get softSignal(): AbortSignal {
    this.#softController ??= new AbortController();
    return this.#softController.signal;
  }

  /** Aborts when the attempt should stop. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.stop) this.#controller.abort(this.stop);
    }
    return this.#controller.signal;
  }

  /** Whether there is time enough to begin with it, before it would have to be confirmed. */
  isFresh(now: number): boolean {
    return this.stopAt - now >= this.leaseMs * startShare;
  }

  /** Its handler begins; a task's time limit is counted from here. */
  begin(now: number): void {
    this.phase = "running";
    this.startedAt = now;
    this.limitAt = now + (this.timeLimitMs ?? Number.POSITIVE_INFINITY);
    this.softAt = now + (this.softTimeLimitMs ?? Number.POSITIVE_INFINITY);
  }

  /** Tells the handler, once, that it should come to an end. */
  warn(): void {
    this.softAt = Number.POSITIVE_INFINITY;
    this.#softController ??= new AbortController();
    this.#softController.abort(new SoftTimeLimitExceeded(this.softTimeLimitMs ?? 0));
  }

  /** Its handler has to wait for a thread or process: its time limit begins later. */
  holdLimit(): void {
    this.limitAt = Number.POSITIVE_INFINITY;
    this.softAt = Number.POSITIVE_INFINITY;
  }

  /** How long its handler may at most go on once it was told to stop: not beyond a lease that is lost. */
  killWithinMs(now: number): number {
    if (!(this.stop instanceof LeaseLost)) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.stopAt + this.leaseMs * (1 - stopShare) - now);
  }

  /** The server confirmed it for its length, counted from `countedFrom`; a longer extension stays as it is. */
  confirm(countedFrom: number): void {
    this.stopAt = Math.max(this.stopAt, countedFrom + this.leaseMs * stopShare);
  }

  /** The server gave it another length, counted from `countedFrom`. */
  extend(countedFrom: number, leaseMs: number): void {
    this.stopAt = countedFrom + leaseMs * stopShare;
  }

  /** Tells the handler to stop. The first reason stands, but that a lost lease outranks all others. */
  abort(reason: StopError): void {
    const outranks = reason instanceof LeaseLost && reason.confirmed;
    if (this.stop && !outranks) return;
    this.stop = reason;
    this.#controller?.abort(reason);
  }

  /** When something is to be done about it, unless it is confirmed or ends before. */
  dueAt(): number {
    if (this.phase === "settling") return Number.POSITIVE_INFINITY;
    if (this.phase === "unconfirmed") return this.limitAt;
    if (this.phase === "buffered" || this.stop === undefined)
      return Math.min(this.limitAt, this.stopAt, this.softAt);
    return this.stop instanceof TimeLimitExceeded ? this.limitAt : Number.POSITIVE_INFINITY;
  }
}
