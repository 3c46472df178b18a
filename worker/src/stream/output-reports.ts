import type { AttemptOutput, OutputVerdict } from "@stem/proto/stem/v1/task_output_pb";
import type { Logger, StemProblem } from "@stem/sdk";
import { type Clock, problemFromStatus } from "@stem/sdk/internal";
import { LeaseLost } from "../errors.ts";
import type { HeldLease } from "../lease.ts";
import type { Frame } from "./frame-log.ts";
import { type OnWritten, type OutputItem, OutputQueue, type OutputSaid } from "./output-queue.ts";

/** What output needs. */
export type OutputReportsDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  /** There is something to send. */
  readonly onReady: () => void;
};

const itemsMax = 1000;
// Beside the entries: a token, and framing, for each lease.
const leaseBytes = 544;
// Progress and lines of logs go at most ten times a second; chunks, and what is left of a task that has ended, at once.
const intervalMs = 100;
const refusedForNowMs = 500;

type Sent = {
  readonly owner: object;
  readonly frameSeq: number;
  readonly outputs: readonly (readonly OutputItem[])[];
};

/**
 * What handlers put out, until the server has answered it. One frame at a time is unanswered, so that what goes again after a lost
 * stream or a refusal comes in its old order, and the server knows it by its number.
 */
export class OutputReports {
  readonly #deps: OutputReportsDeps;
  readonly #queue = new OutputQueue();
  #owner: object | undefined;
  #sent: Sent | undefined;
  #isUrgent = false;
  #nextAt = Number.NEGATIVE_INFINITY;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #isTimed = false;

  constructor(deps: OutputReportsDeps) {
    this.#deps = deps;
  }

  /** Takes an entry in. */
  add(lease: HeldLease, said: OutputSaid, written?: OnWritten): void {
    // Whatever a handler still does whose attempt is over: nothing is taken for it any more.
    if (lease.isOver) {
      written?.refused(lease.stop ?? new LeaseLost(true));
      return;
    }
    if (said.case === "chunk") this.#isUrgent = true;
    this.#queue.add(lease, said, written);
    this.#ready();
  }

  /** Whether a lease has output that must leave before its settlement: nothing is taken under a lease that is settled. */
  isBefore(lease: HeldLease): boolean {
    return this.#queue.has(lease);
  }

  /** Another stream is open, and has output from here on: what the last one left unanswered goes again. */
  again(owner: object): void {
    this.#owner = owner;
    if (this.#sent !== undefined) this.#queue.putBack(this.#sent.outputs.flat());
    this.#sent = undefined;
    this.#ready();
  }

  /** The next frame of a stream, if it is time for one. */
  take(owner: object, frameSeq: number, frameBytesMax: number): Frame | undefined {
    if (owner !== this.#owner || this.#sent !== undefined || this.#queue.isEmpty || !this.#isTime())
      return undefined;
    const items = this.#queue.take(itemsMax, frameBytesMax - leaseBytes);
    // What did not fit has waited long enough.
    this.#isUrgent = !this.#queue.isEmpty;
    this.#nextAt = this.#deps.clock.now() + intervalMs;
    const outputs = [...Map.groupBy(items, ({ lease }) => lease).values()];
    this.#sent = { owner, frameSeq, outputs };
    const value = { $typeName: "stem.v1.WriteOutput" as const, outputs: outputs.map(attemptOutput) };
    return { case: "output", value };
  }

  /** The server has answered a frame; outputs that it does not list are kept. */
  answered(owner: object, frameSeq: number, exceptions: readonly OutputVerdict[]): void {
    const outputs = this.#takeSent(owner, frameSeq);
    const refused = new Map(exceptions.map((verdict) => [verdict.index, verdict]));
    for (const [index, items] of outputs.entries()) {
      const verdict = refused.get(index);
      if (verdict === undefined) for (const { written } of items) written?.kept();
      else this.#refuse(items, verdict);
    }
    this.#ready();
  }

  /** A whole frame was refused; false when it held no output. What may go well later goes again, unless its task has ended. */
  frameRefused(owner: object, frameSeq: number, problem: StemProblem): boolean {
    const outputs = this.#takeSent(owner, frameSeq);
    for (const items of outputs.toReversed()) {
      const mayGoAgain = problem.retryAfterMs !== undefined && items[0]?.lease.phase !== "settling";
      if (mayGoAgain) this.#queue.putBack(items);
      else this.#end(items, problem);
    }
    if (outputs.length > 0) this.#blockedUntil = this.#deps.clock.now() + refusedForNowMs;
    this.#ready();
    return outputs.length > 0;
  }

  #takeSent(owner: object, frameSeq: number): Sent["outputs"] {
    const sent = this.#sent;
    if (sent === undefined || sent.owner !== owner || sent.frameSeq !== frameSeq) return [];
    this.#sent = undefined;
    return sent.outputs;
  }

  #refuse(items: readonly OutputItem[], { error }: OutputVerdict): void {
    if (error !== undefined) {
      this.#end(items, problemFromStatus(error));
      return;
    }
    const [first] = items;
    const rest = first ? this.#queue.drop(first.lease) : [];
    for (const { written } of [...items, ...rest]) written?.refused(new LeaseLost(true));
  }

  /** What cannot be kept is gone, and so is what waits of a lease that is to be settled: its outcome is not held up. */
  #end(items: readonly OutputItem[], problem: StemProblem): void {
    const [first] = items;
    if (first === undefined) return;
    const { lease } = first;
    const rest = lease.phase === "settling" ? this.#queue.drop(lease) : [];
    const facts = { taskId: lease.grant.taskId, reason: problem.reason, entries: items.length + rest.length };
    this.#deps.log.error(facts, `output was not kept: ${problem.message}`);
    for (const { written } of [...items, ...rest]) written?.refused(problem);
  }

  #isTime(): boolean {
    const now = this.#deps.clock.now();
    if (now < this.#blockedUntil) return false;
    return now >= this.#nextAt || this.#isUrgent || this.#queue.hasSettling();
  }

  #ready(): void {
    if (this.#queue.isEmpty || this.#sent !== undefined || this.#isTime()) {
      this.#deps.onReady();
      return;
    }
    if (this.#isTimed) return;
    this.#isTimed = true;
    const dueAt = Math.max(this.#blockedUntil, this.#isUrgent ? 0 : this.#nextAt);
    this.#deps.clock.after(Math.max(0, dueAt - this.#deps.clock.now()), () => {
      this.#isTimed = false;
      this.#deps.onReady();
    });
  }
}

const attemptOutput = (items: readonly OutputItem[]): AttemptOutput => ({
  $typeName: "stem.v1.AttemptOutput",
  leaseToken: items[0]?.lease.grant.leaseToken ?? new Uint8Array(),
  entries: items.map(({ entry }) => entry),
});
