import type { Labels } from "../model/gate.ts";
import type { Instant, Namespace, QueueName } from "../model/ids.ts";
import type { TakingWorker } from "../model/standing.ts";
import type { Claimed } from "../ports/task-store.ts";
import type { QueueOrder } from "./queue-order.ts";
import { serve, type Waiter, type Watch } from "./watch.ts";

/** What a taker wants. */
export type TakerWants = {
  readonly namespace: Namespace;
  readonly queues: readonly QueueName[];
  /** In which order its queues hand out; undefined: as one. */
  readonly order?: QueueOrder | undefined;
  readonly worker: string;
  /** What the worker is like; absent: nothing in particular. */
  readonly labels?: Labels | undefined;
  /** It asks again after so many tasks of a queue with turns, although there are more; absent: it takes all at once. */
  readonly turnsMax?: number;
  /** Whether it can run tasks of a name; absent: it does not say. */
  readonly knows?: TakingWorker["knows"];
  /** How many tasks it may get now. */
  readonly room: () => number;
  /** How many bytes of content it may get now, but for the last task; without: as many as fit into a frame. */
  readonly bytesLeft?: () => number;
};

/** What one claim may bring at most. */
export type ClaimBounds = {
  readonly limit: number;
  readonly turnsMax?: number | undefined;
  readonly bytesMax: number;
};

/** How a taker reaches the store. */
export type TakerDeps = {
  /** The time by which claims begin their leases. */
  readonly now: () => Instant;
  /** Leases tasks within the bounds; rejects when the store does. */
  readonly claim: (wants: TakerWants, bounds: ClaimBounds) => Promise<readonly Claimed[]>;
  /** Hands back what was claimed for somebody who left meanwhile. Never rejects. */
  readonly giveBack: (namespace: Namespace, tasks: readonly Claimed[]) => Promise<void>;
  /** Whether a claim within the bounds that came back with these tasks left none behind. */
  readonly isLast: (tasks: readonly Claimed[], bounds: ClaimBounds) => boolean;
  readonly log: { warn(facts: object, text: string): void };
};

/** What a taker shares with all others. */
export type Board = {
  readonly watches: ReadonlyMap<QueueName, Watch>;
  /** The number of the newest hint. */
  readonly hintSeq: () => number;
  readonly isDraining: () => boolean;
  readonly onLeave: (taker: Taker) => void;
};

const none: readonly Claimed[] = [];

/** Takes tasks for one session or call, one claim at a time, and sleeps while there are none. */
export class Taker implements Waiter {
  readonly #deps: TakerDeps;
  readonly #wants: TakerWants;
  readonly #board: Board;
  /** The most that the call under way may bring. */
  #limit = 0;
  #wakeUp: (() => void) | undefined;
  /** Whoever is new looks for itself: hints may have been lost, and a call that does not wait must see what is there. */
  #isFresh = true;
  /** A broken store is left in peace until the next hint or rescan. */
  #hasFailed = false;
  #hasLeft = false;
  #claimBeganAt: Instant | undefined;

  constructor(deps: TakerDeps, wants: TakerWants, board: Board) {
    this.#deps = deps;
    this.#wants = wants;
    this.#board = board;
  }

  get isIdle(): boolean {
    return this.#wakeUp !== undefined && this.room > 0;
  }

  get room(): number {
    return Math.min(this.#limit, this.#wants.room());
  }

  /** When the newest claim began: no lease of it began earlier. */
  get claimBeganAt(): Instant | undefined {
    return this.#claimBeganAt;
  }

  /** It as a worker that takes tasks. */
  asWorker(): TakingWorker {
    const { labels, knows, room } = this.#wants;
    return { labels, knows, hasRoom: room() > 0 };
  }

  wake(): void {
    this.#hasFailed = false;
    this.#wakeUp?.();
  }

  /** Claims once, whether or not there seems to be anything. */
  async claimNow(limit: number, signal: AbortSignal): Promise<readonly Claimed[]> {
    return this.#keep(await this.#claim(limit), signal);
  }

  /** Claims as soon as there is something and room for it. None: it left, the server drains, or `signal` is aborted. */
  async next(limit: number, signal: AbortSignal): Promise<readonly Claimed[]> {
    this.#limit = limit;
    while (!this.#isOver(signal)) {
      const { room } = this;
      if (room > 0 && !this.#hasFailed && (this.#isFresh || this.#hasSupply())) {
        const claimed = await this.#claim(room);
        if (claimed.length > 0) return this.#keep(claimed, signal);
      } else {
        if (room === 0) this.#relay();
        await this.#sleep(signal);
      }
    }
    this.#relay();
    return none;
  }

  /** Ends it; a claim under way goes back. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#board.onLeave(this);
    this.wake();
    this.#relay();
  }

  #isOver(signal: AbortSignal): boolean {
    return this.#hasLeft || this.#board.isDraining() || signal.aborted;
  }

  #hasSupply(): boolean {
    return this.#board.watches.values().some((watch) => watch.supply > 0);
  }

  async #claim(limit: number): Promise<readonly Claimed[]> {
    const { turnsMax, bytesLeft } = this.#wants;
    const bounds = { limit, turnsMax, bytesMax: bytesLeft?.() ?? Number.POSITIVE_INFINITY };
    this.#isFresh = false;
    this.#claimBeganAt = this.#deps.now();
    const startedAt = this.#board.hintSeq();
    try {
      const claimed = await this.#deps.claim(this.#wants, bounds);
      this.#note(claimed, bounds, startedAt);
      this.#relay();
      return claimed;
    } catch (error) {
      this.#hasFailed = true;
      const { worker } = this.#wants;
      this.#deps.log.warn({ err: error, worker }, "could not claim tasks; trying again in a while");
      return none;
    }
  }

  #note(claimed: readonly Claimed[], bounds: ClaimBounds, startedAt: number): void {
    const { watches } = this.#board;
    this.#wants.order?.note(claimed);
    for (const task of claimed) {
      const watch = watches.get(task.queue);
      if (watch !== undefined && watch.supply > 0) watch.supply -= 1;
    }
    if (!this.#deps.isLast(claimed, bounds)) return;
    for (const watch of watches.values()) if (watch.hintSeq <= startedAt) watch.supply = 0;
  }

  /** What it does not take itself is for the next one who waits. */
  #relay(): void {
    for (const watch of this.#board.watches.values()) if (watch.supply > 0) serve(watch, 1);
  }

  #sleep(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = (): void => {
        this.#wakeUp = undefined;
        signal.removeEventListener("abort", wakeUp);
        resolve();
      };
      this.#wakeUp = wakeUp;
      signal.addEventListener("abort", wakeUp);
    });
  }

  /** A claim that came too late for its taker goes back. */
  async #keep(claimed: readonly Claimed[], signal: AbortSignal): Promise<readonly Claimed[]> {
    if (!this.#isOver(signal)) return claimed;
    await this.#deps.giveBack(this.#wants.namespace, claimed);
    return none;
  }
}
