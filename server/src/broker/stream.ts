import type { Bytes } from "../model/ids.ts";
import type { WorkerStats } from "../model/worker.ts";
import type { TaskProgress } from "../ports/task-hints.ts";
import type { Claimed } from "../ports/task-store.ts";
import type { TokenCheckpoint } from "./checkpoints.ts";
import { verdictOf } from "./extend.ts";
import { type Lease, type LeaseVerdict, leaseOf } from "./lease.ts";
import type { HeldLease, SeqRange } from "./lease-book.ts";
import { faultBy, openOwn } from "./open-token.ts";
import { createQueueOrder } from "./queue-order.ts";
import type { ProgressVerdict, QueueBacklog, Session, SessionEvents, SessionHello } from "./session.ts";
import type { SessionState, StreamControl } from "./session-state.ts";
import type { SettleVerdict, TokenSettlement } from "./settle.ts";
import type { StreamDeps } from "./stream-deps.ts";
import type { Taker } from "./taker.ts";
import { writeToken } from "./token.ts";

/** Who greets, and what it is to be told. */
export type Greeting = { readonly hello: SessionHello; readonly events: SessionEvents };

const noLeases: readonly Lease[] = [];

/** One stream's hold on a session: what its api calls, and what the rest of the broker does to it. */
export class Stream implements Session, StreamControl {
  readonly id: Bytes;
  resumed: readonly LeaseVerdict[] = [];
  forgedHeld = 0;
  readonly #deps: StreamDeps;
  readonly #state: SessionState;
  readonly #events: SessionEvents;
  readonly #taker: Taker;
  /** Cancels wait until the stream is heard of: its api has sent the welcome by then. */
  #untold: { readonly lease: HeldLease; readonly reason: string }[] | undefined = [];
  #isTaking = false;

  /** Attaches to the session, in place of whichever stream had it. */
  constructor(deps: StreamDeps, state: SessionState, { hello, events }: Greeting) {
    this.id = state.id;
    this.#deps = deps;
    this.#state = state;
    this.#events = events;
    const { namespace, subscriptions, worker } = hello;
    this.#taker = deps.dispatch.join({
      namespace,
      queues: subscriptions.map(({ queue }) => queue),
      order: createQueueOrder(subscriptions),
      worker,
      room: () => state.book.room,
      bytesLeft: () => state.book.bytesLeft,
    });
    state.stream?.supersede();
    state.stream = this;
    state.hello = hello;
    state.detachedAt = undefined;
    state.book.clearCredit();
  }

  get lastSeq(): number {
    return this.#state.book.lastSeq;
  }

  credit(seenSeq: number, credit: number, bytesMax?: number): void {
    if (!this.#isCurrent()) return;
    this.#heard();
    this.#state.book.setCredit(seenSeq, credit, bytesMax);
    this.#taker.wake();
  }

  received(ranges: readonly SeqRange[]): void {
    if (this.#isCurrent()) this.#state.book.noteArrived(ranges);
  }

  report(stats: WorkerStats): void {
    if (this.#isCurrent()) this.#state.stats = stats;
  }

  async backlogs(): Promise<readonly QueueBacklog[]> {
    const { namespace, hello } = this.#state;
    const queues = hello.subscriptions.map(({ queue }) => queue);
    const counts = await this.#deps.store.readyCounts(namespace, queues);
    return queues.map((queue, at) => ({ queue, ready: counts[at] ?? 0 }));
  }

  async next(limit: number, signal: AbortSignal): Promise<readonly Lease[]> {
    if (this.#isTaking) throw new Error("next was called while a call of it was under way");
    if (!this.#isCurrent()) return noLeases;
    this.#heard();
    this.#isTaking = true;
    try {
      const claimed = await this.#taker.next(Math.min(limit, this.#deps.limits.leasedTasksMax), signal);
      return claimed.length === 0 ? noLeases : await this.#grant(claimed);
    } finally {
      this.#isTaking = false;
    }
  }

  async heartbeat(seenSeq: number): Promise<readonly LeaseVerdict[]> {
    if (!this.#isCurrent()) return [];
    this.#heard();
    const { book, lost } = this.#state;
    const newlyLost = await this.#check(book.upTo(seenSeq).filter((lease) => !lease.isSettling));
    return [...lost.splice(0), ...newlyLost];
  }

  async settle(settlements: readonly TokenSettlement[]): Promise<readonly SettleVerdict[]> {
    const { namespace, book } = this.#state;
    const wasFull = book.size >= this.#deps.limits.heldLeasesMax;
    const { settling, openAny } = this.#deps;
    const faultOf = faultBy(openAny(namespace));
    const verdicts = await settling.settle(namespace, settlements, openOwn(this.#state), faultOf);
    if (wasFull) this.#taker.wake();
    return verdicts;
  }

  progress(token: Bytes, progress: TaskProgress): ProgressVerdict {
    const { namespace, book } = this.#state;
    const name = openOwn(this.#state)(token)?.name;
    if (name === undefined) return this.#deps.openAny(namespace)(token) === undefined ? "forged" : "dropped";
    if (book.find(name.id, name.fence) === undefined) return "dropped";
    this.#deps.hints.progressed({ namespace, id: name.id }, progress);
    return "shown";
  }

  async checkpoint(checkpoints: readonly TokenCheckpoint[]): Promise<number> {
    const { namespace } = this.#state;
    const [openOwned, openAny] = [openOwn(this.#state), this.#deps.openAny(namespace)];
    await this.#deps.saveCheckpoints(namespace, checkpoints, openOwned);
    return checkpoints.filter(({ token }) => openAny(token) === undefined).length;
  }

  detach(): void {
    if (this.#end() && this.#state.book.size === 0) this.#deps.forget(this.#state);
  }

  async goodbye(): Promise<void> {
    if (!this.#end()) return;
    const { namespace, book } = this.#state;
    this.#deps.forget(this.#state);
    const held = book.upTo(book.lastSeq).filter((lease) => !lease.isSettling);
    for (const lease of held) book.drop(lease);
    await this.#deps.settling.release(namespace, held, false);
  }

  supersede(): void {
    this.#leave();
    this.#events.onSuperseded();
  }

  tellCancel(lease: HeldLease, reason: string): void {
    if (lease.wasToldToCancel) return;
    lease.wasToldToCancel = true;
    if (this.#untold === undefined) this.#events.onCancel(tokenOf(lease), reason);
    else this.#untold.push({ lease, reason });
  }

  #leave(): void {
    this.#taker.leave();
    this.#events.onLeft?.();
  }

  #isCurrent(): boolean {
    return this.#state.stream === this;
  }

  #heard(): void {
    const waiting = this.#untold ?? [];
    this.#untold = undefined;
    for (const { lease, reason } of waiting) this.#events.onCancel(tokenOf(lease), reason);
  }

  /** False when another stream has the session, and it is none of this one's business any more. */
  #end(): boolean {
    this.#leave();
    if (!this.#isCurrent()) return false;
    this.#state.stream = undefined;
    this.#state.detachedAt = this.#deps.clock.now();
    return true;
  }

  async #grant(claimed: readonly Claimed[]): Promise<readonly Lease[]> {
    const { namespace, book, lost, seals } = this.#state;
    if (!this.#isCurrent()) {
      await this.#deps.settling.release(namespace, claimed, true);
      return noLeases;
    }
    const [seal] = seals;
    if (seal === undefined) throw new Error("a session has no seal");
    for (const older of book.grant(claimed, seal))
      lost.push({ token: tokenOf(older), held: false, state: "leased", why: "superseded" });
    return claimed.map((task) => leaseOf(task, seal));
  }

  /** Extends leases; answers which are lost, and tells the cancels that the store knows of. */
  async #check(leases: readonly HeldLease[]): Promise<LeaseVerdict[]> {
    const { namespace, book } = this.#state;
    const checks = await this.#deps.extending.check(namespace, leases);
    const lost: LeaseVerdict[] = [];
    for (const [at, check] of checks.entries()) {
      const lease = leases[at];
      // A lease that was settled while the store was asked is not lost.
      if (lease === undefined || lease.isSettling || book.find(lease.id, lease.fence) !== lease) continue;
      if (!check.held) {
        book.drop(lease);
        lost.push(verdictOf(tokenOf(lease), check));
      } else if (check.cancelReason !== undefined) this.tellCancel(lease, check.cancelReason);
    }
    return lost;
  }
}

/** The token that the worker knows a lease by. */
const tokenOf = (lease: HeldLease): Bytes => writeToken(lease.seal, lease);
