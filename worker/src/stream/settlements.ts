import type { Settlement } from "@stem/proto/stem/v1/lease_pb";
import type { SettledItem } from "@stem/proto/stem/v1/worker_service_pb";
import type { Logger, StemProblem } from "@stem/sdk";
import { type Clock, isTransient, payloadBytesAtMost, problemFromStatus } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";
import { type OwnBackoff, withBackoff } from "../own-backoff.ts";
import { failed, leavesWork, type Outcome, outcomeBytesAtMost } from "../settlement.ts";

/** One outcome on its way to the server, kept until the server has answered it. */
export type Settling = {
  readonly lease: HeldLease;
  readonly settlement: Settlement;
  readonly bytesMax: number;
  /** Sent in a frame of its own, because a frame with others was refused as a whole. */
  readonly alone: boolean;
};

/** What settlements tell. */
export type SettlementsDeps = {
  readonly log: Logger;
  readonly clock: Clock;
  readonly backoff: OwnBackoff | undefined;
  /** There is something to send. */
  readonly onReady: () => void;
  /** Whether something of a lease has to leave first. */
  readonly isHeldUp: (lease: HeldLease) => boolean;
  /** The server has answered: the lease is over. */
  readonly onAnswered: (lease: HeldLease) => void;
};

const itemsMax = 1000;
// What the server could not take for now goes again after this long.
const refusedForNowMs = 500;

/** The outcomes that the server has not confirmed: waiting to be sent, or sent and unanswered. Settling is idempotent per lease. */
export class Settlements {
  readonly #deps: SettlementsDeps;
  #ready: Settling[] = [];
  #unanswered = 0;
  #onIdle: (() => void)[] = [];

  constructor(deps: SettlementsDeps) {
    this.#deps = deps;
  }

  /** Takes an outcome in. The lease stays held until it is answered. */
  add(lease: HeldLease, outcome: Outcome): void {
    lease.phase = "settling";
    this.#unanswered += 1;
    this.#push(lease, outcome);
  }

  /** The next frame's worth, in order; at least one if there is any. They must come back, as answered or as unanswered. */
  take(frameBytesMax: number): Settling[] {
    const taken: Settling[] = [];
    let bytes = 0;
    let at = 0;
    for (; at < this.#ready.length; at += 1) {
      const item = this.#ready[at];
      if (item === undefined || this.#deps.isHeldUp(item.lease)) continue;
      bytes += item.bytesMax;
      const { length } = taken;
      if (length === itemsMax || (length > 0 && (bytes > frameBytesMax || item.alone))) break;
      taken.push(item);
      if (item.alone) break;
    }
    if (taken.length > 0) this.#forget(taken);
    return taken;
  }

  /** The server has answered a frame; items that it does not list were accepted. */
  answered(items: readonly Settling[], exceptions: readonly SettledItem[]): void {
    const refused = new Set<Settling>();
    for (const { index, error, verdict } of exceptions) {
      const item = items[index];
      if (item === undefined) continue;
      if (error && this.#refused(item, problemFromStatus(error))) refused.add(item);
      else
        this.#deps.log.debug({ taskId: item.lease.grant.taskId, verdict }, "a settlement was not accepted");
    }
    for (const item of items) if (!refused.has(item)) this.#end(item);
  }

  /** A whole frame was refused: its items go again, one by one where one of them is to blame. */
  frameRefused(items: readonly Settling[], problem: StemProblem): void {
    const [only] = items;
    if (isTransient(problem)) this.#later(items);
    else if (items.length > 1) this.unanswered(items.map((item) => ({ ...item, alone: true })));
    else if (only && !this.#refused(only, problem)) this.#end(only);
  }

  /** Their stream was lost before the answer: they go again, before all others. */
  unanswered(items: readonly Settling[]): void {
    this.#ready = [...items, ...this.#ready];
    if (items.length > 0) this.#deps.onReady();
  }

  /** Resolves when every outcome has been answered. */
  idle(): Promise<void> {
    if (this.#unanswered === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  /** Usually the first ones: then nothing is looked at twice. */
  #forget(taken: readonly Settling[]): void {
    if (taken.every((item, at) => this.#ready[at] === item)) this.#ready.splice(0, taken.length);
    else this.#ready = this.#ready.filter((item) => !taken.includes(item));
  }

  #push(lease: HeldLease, outcome: Outcome): void {
    const settlement: Settlement = {
      $typeName: "stem.v1.Settlement",
      leaseToken: lease.grant.leaseToken,
      outcome: withBackoff(outcome, lease, this.#deps),
    };
    let bytesMax = outcomeBytesAtMost(outcome);
    if (lease.checkpoint !== undefined && leavesWork(outcome)) {
      settlement.checkpoint = lease.checkpoint;
      bytesMax += payloadBytesAtMost(lease.checkpoint);
    }
    this.#ready.push({ lease, settlement, bytesMax, alone: false });
    this.#deps.onReady();
  }

  #later(items: readonly Settling[]): void {
    this.#deps.clock.after(refusedForNowMs, () => this.unanswered(items));
  }

  /** True when the item goes again, as it is or as the failure that its refusal is. */
  #refused(item: Settling, problem: StemProblem): boolean {
    const { lease, settlement } = item;
    if (isTransient(problem)) {
      this.#later([item]);
      return true;
    }
    // The server has failed the task with it already.
    if (problem.reason === "RESULT_TOO_LARGE") return false;
    const facts = { taskId: lease.grant.taskId, reason: problem.reason, outcome: settlement.outcome.case };
    this.#deps.log.error(facts, problem.message);
    if (settlement.outcome.case === "failed") return false;
    this.#push(lease, failed(problem, true));
    return true;
  }

  #end({ lease }: Settling): void {
    this.#unanswered -= 1;
    this.#deps.onAnswered(lease);
    if (this.#unanswered === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
