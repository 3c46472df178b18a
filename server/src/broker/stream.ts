import type { Command, CommandOutcome } from "../model/command.ts";
import type { Bytes, QueueName } from "../model/ids.ts";
import type { CancelMessage } from "../model/task.ts";
import type { WorkerStats } from "../model/worker.ts";
import type { Claimed } from "../ports/task-store.ts";
import { verdictOf } from "./extend.ts";
import { joinQueues } from "./join-queues.ts";
import { type Lease, type LeaseVerdict, leaseOf } from "./lease.ts";
import type { HeldLease, SeqRange } from "./lease-book.ts";
import { faultBy, openOwn } from "./open-token.ts";
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
  echo = 0n;
  readonly #deps: StreamDeps;
  readonly #state: SessionState;
  readonly #events: SessionEvents;
  #taker: Taker;
  /** Cancels and commands wait until the stream is heard of: its api has sent the welcome by then. */
  #untold: (() => void)[] | undefined = [];
  #isTaking = false;

  /** Attaches to the session, in place of whichever stream had it. */
  constructor(deps: StreamDeps, state: SessionState, { hello, events }: Greeting) {
    this.id = state.id;
    this.#deps = deps;
    this.#state = state;
    this.#events = events;
    state.stream?.supersede();
    state.stream = this;
    state.hello = hello;
    state.paused = new Set(hello.paused);
    state.heardAt = deps.clock.now();
    state.detachedAt = undefined;
    this.#taker = joinQueues(deps, state, events.frameSeq);
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

  answer(commandId: number, outcome: CommandOutcome): void {
    if (!this.#isCurrent()) return;
    if (outcome.kind === "done" && outcome.paused !== undefined) this.#pause(outcome.paused);
    this.#deps.commands.answer(this, commandId, outcome);
  }

  async backlogs(): Promise<readonly QueueBacklog[]> {
    const { namespace, hello, paused } = this.#state;
    const queues = hello.subscriptions.map(({ queue }) => queue);
    const counts = await this.#deps.store.readyCounts(namespace, queues);
    return queues.map((queue, at) => ({ queue, ready: paused.has(queue) ? 0 : (counts[at] ?? 0) }));
  }

  async next(limit: number, signal: AbortSignal): Promise<readonly Lease[]> {
    if (this.#isTaking) throw new Error("next was called while a call of it was under way");
    if (!this.#isCurrent()) return noLeases;
    this.#heard();
    this.#isTaking = true;
    try {
      const claimed = await this.#take(Math.min(limit, this.#deps.limits.leasedTasksMax), signal);
      return claimed.length === 0 ? noLeases : await this.#grant(claimed);
    } finally {
      this.#isTaking = false;
    }
  }

  async heartbeat(seenSeq: number): Promise<readonly LeaseVerdict[]> {
    if (!this.#isCurrent()) return [];
    this.#heard();
    // The answer names this heartbeat, and grants that come after it must not name an older frame.
    await this.#taker.callOff();
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

  progress(token: Bytes, progress: Parameters<Session["progress"]>[1]): ProgressVerdict {
    const { namespace, book } = this.#state;
    const name = openOwn(this.#state)(token)?.name;
    if (name === undefined) return this.#deps.openAny(namespace)(token) === undefined ? "forged" : "dropped";
    if (book.find(name.id, name.fence) === undefined) return "dropped";
    this.#deps.hints.progressed({ namespace, id: name.id }, progress);
    return "shown";
  }

  async checkpoint(checkpoints: Parameters<Session["checkpoint"]>[0]): Promise<number> {
    const { namespace } = this.#state;
    const [openOwned, openAny] = [openOwn(this.#state), this.#deps.openAny(namespace)];
    await this.#deps.saveCheckpoints(namespace, checkpoints, openOwned);
    return checkpoints.filter(({ token }) => openAny(token) === undefined).length;
  }

  writeOutput(outputs: Parameters<Session["writeOutput"]>[0]): ReturnType<Session["writeOutput"]> {
    const { namespace } = this.#state;
    const { writeOutput, openAny } = this.#deps;
    return writeOutput(namespace, outputs, openOwn(this.#state), faultBy(openAny(namespace)));
  }

  detach(): void {
    if (this.#end()) this.#deps.left(this.#state);
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

  dismiss(why: Parameters<StreamControl["dismiss"]>[0]): void {
    this.#events.onDismissed?.(why);
  }

  tellCommand(commandId: number, command: Command): boolean {
    if (this.#untold === undefined) return this.#events.onCommand(commandId, command);
    this.#untold.push(() => this.#events.onCommand(commandId, command));
    return true;
  }

  tellCancel(lease: HeldLease, { reason, requester = "" }: CancelMessage): void {
    if (lease.wasToldToCancel) return;
    lease.wasToldToCancel = true;
    const tell = (): void => this.#events.onCancel(tokenOf(lease), reason, requester);
    if (this.#untold === undefined) tell();
    else this.#untold.push(tell);
  }

  #leave(): void {
    this.#taker.leave();
    this.#deps.commands.gone(this);
    this.#events.onLeft?.();
  }

  #isCurrent(): boolean {
    return this.#state.stream === this;
  }

  #heard(): void {
    const waiting = this.#untold ?? [];
    this.#untold = undefined;
    this.#state.heardAt = this.#deps.clock.now();
    for (const tell of waiting) tell();
  }

  /** Waits for tasks, also over a change of the queues that it takes from. */
  async #take(limit: number, signal: AbortSignal): Promise<readonly Claimed[]> {
    for (;;) {
      const taker = this.#taker;
      const claimed = await taker.next(limit, signal);
      if (claimed.length > 0) this.echo = taker.mark;
      if (claimed.length > 0 || taker === this.#taker) return claimed;
    }
  }

  /** Takes nothing more from these of its queues, and from the others again. */
  #pause(queues: readonly QueueName[]): void {
    this.#state.paused = new Set(queues);
    this.#taker.leave();
    this.#taker = joinQueues(this.#deps, this.#state, this.#events.frameSeq);
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
      } else if (check.cancel !== undefined) this.tellCancel(lease, check.cancel);
    }
    return lost;
  }
}

/** The token that the worker knows a lease by. */
const tokenOf = (lease: HeldLease): Bytes => writeToken(lease.seal, lease);
