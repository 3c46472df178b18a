import type { Labels } from "../model/gate.ts";
import type { Instant, Namespace, QueueName } from "../model/ids.ts";
import type { TakingWorker } from "../model/standing.ts";
import type { Claimed } from "../ports/task-store.ts";
import { type BegunClaim, countOn, learn } from "./begun-claim.ts";
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
  /**
   * What a claim that begins now is to be known by. Who names it takes again and again, and claims may overlap: the store may be about
   * to commit when a task comes in, and only a claim that is asked for beside it shares its commit.
   */
  readonly mark?: () => bigint;
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

/** One that the store is at work on, and one that waits for it: what comes in meanwhile is there when the second one has its turn. */
const overlapMax = 2;
/** A claim asks for more than is known of: hints come late, and one that is short tells that nothing is left. */
const spare = 16;

/** Takes tasks for one session or call, and sleeps while there are none. */
export class Taker implements Waiter {
  readonly #deps: TakerDeps;
  readonly #wants: TakerWants;
  readonly #board: Board;
  /** The claims whose tasks were not taken yet, in the order in which they began; they are taken in this order. */
  readonly #begun: BegunClaim[] = [];
  /** The most that the call under way may bring. */
  #limit = 0;
  #wakeUp: (() => void) | undefined;
  #isAwaited = false;
  /** Whoever is new looks for itself: hints may have been lost, and a call that does not wait must see what is there. */
  #isFresh = true;
  /** A broken store is left in peace until the next hint or rescan. */
  #hasFailed = false;
  #hasLeft = false;
  #claimBeganAt: Instant | undefined;
  #mark = 0n;

  constructor(deps: TakerDeps, wants: TakerWants, board: Board) {
    this.#deps = deps;
    this.#wants = wants;
    this.#board = board;
  }

  get isIdle(): boolean {
    return this.#wakeUp !== undefined && this.#mayOverlap() && this.room > 0;
  }

  get room(): number {
    const held = this.#begun.reduce((sum, { brought, limit }) => sum + (brought?.length ?? limit), 0);
    return Math.min(this.#limit, this.#wants.room() - held);
  }

  /** When the newest claim began: no lease of it began earlier. */
  get claimBeganAt(): Instant | undefined {
    return this.#claimBeganAt;
  }

  /** What the claim was known by whose tasks `next` brought last. */
  get mark(): bigint {
    return this.#mark;
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
    this.#limit = limit;
    this.#begin();
    await this.#begun[0]?.over;
    if (this.#isOver(signal)) await this.#giveBack();
    return this.#begun.shift()?.brought ?? none;
  }

  /** Claims as soon as there is something and room for it. None: it left, the server drains, or `signal` is aborted. */
  async next(limit: number, signal: AbortSignal): Promise<readonly Claimed[]> {
    this.#limit = limit;
    this.#isAwaited = true;
    while (!this.#isOver(signal)) {
      const [oldest] = this.#begun;
      if (oldest?.brought !== undefined) {
        this.#begun.shift();
        if (oldest.brought.length === 0) continue;
        this.#mark = oldest.mark;
        this.#isAwaited = false;
        return oldest.brought;
      }
      if (this.#mayBegin()) this.#begin();
      else {
        if (this.#begun.length === 0 && this.room === 0) this.#relay();
        await this.#sleep(signal);
      }
    }
    await this.#giveBack();
    this.#isAwaited = false;
    this.#relay();
    return none;
  }

  /** Gives back what claims bring that nobody waits for. */
  async callOff(): Promise<void> {
    if (!this.#isAwaited) await this.#giveBack();
  }

  /** Ends it; claims under way go back. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#board.onLeave(this);
    this.wake();
    this.#relay();
    void this.callOff();
  }

  #isOver(signal: AbortSignal): boolean {
    return this.#hasLeft || this.#board.isDraining() || signal.aborted;
  }

  get #supply(): number {
    return this.#board.watches.values().reduce((sum, { supply }) => sum + supply, 0);
  }

  #mayBegin(): boolean {
    if (this.#hasFailed || this.room <= 0) return false;
    return this.#begun.length === 0
      ? this.#isFresh || this.#supply > 0
      : this.#mayOverlap() && this.#supply > 0;
  }

  /** A claim for all that there is room for is alone, and so is one whose bytes count, or after which its queues have another order. */
  #mayOverlap(): boolean {
    if (this.#begun.length === 0) return true;
    const { mark, order, bytesLeft } = this.#wants;
    const isFree =
      mark !== undefined &&
      order === undefined &&
      (bytesLeft?.() ?? Number.POSITIVE_INFINITY) === Number.POSITIVE_INFINITY;
    return isFree && this.#begun.length < overlapMax && !this.#begun.some(({ isWhole }) => isWhole);
  }

  #begin(): void {
    const { turnsMax, bytesLeft, mark } = this.#wants;
    const { room } = this;
    const asked = mark === undefined || this.#isFresh ? room : Math.min(room, 2 * this.#supply + spare);
    this.#isFresh = false;
    this.#claimBeganAt = this.#deps.now();
    const claim: BegunClaim = {
      limit: asked,
      isWhole: asked === room,
      hintSeq: this.#board.hintSeq(),
      mark: mark?.() ?? 0n,
      expected: new Map(),
      brought: undefined,
      over: Promise.resolve(),
    };
    countOn(claim, this.#board.watches.values());
    this.#begun.push(claim);
    const bounds = { limit: asked, turnsMax, bytesMax: bytesLeft?.() ?? Number.POSITIVE_INFINITY };
    claim.over = this.#claim(claim, bounds).then((brought) => this.#end(claim, brought));
  }

  async #claim(claim: BegunClaim, bounds: ClaimBounds): Promise<readonly Claimed[]> {
    try {
      const claimed = await this.#deps.claim(this.#wants, bounds);
      this.#wants.order?.note(claimed);
      this.#learn(claim, claimed, this.#deps.isLast(claimed, bounds));
      return claimed;
    } catch (error) {
      this.#hasFailed = true;
      this.#learn(claim, none, false);
      const { worker } = this.#wants;
      this.#deps.log.warn({ err: error, worker }, "could not claim tasks; trying again in a while");
      return none;
    }
  }

  #learn(claim: BegunClaim, claimed: readonly Claimed[], isLast: boolean): void {
    const { watches } = this.#board;
    const brought = new Map<Watch, number>();
    for (const { queue } of claimed) {
      const watch = watches.get(queue);
      if (watch !== undefined) brought.set(watch, (brought.get(watch) ?? 0) + 1);
    }
    learn(claim, brought, { watches: watches.values(), isLast });
  }

  /** What was hinted at while the claim was under way is there for the next one, where that waits for the store already. */
  #end(claim: BegunClaim, brought: readonly Claimed[]): void {
    claim.brought = brought;
    const waiting = this.#begun.find((other) => other.brought === undefined);
    if (waiting !== undefined) countOn(waiting, this.#board.watches.values());
    if (!this.#hasFailed) this.#relay();
    this.#wakeUp?.();
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

  /** What came too late for its taker goes back. */
  async #giveBack(): Promise<void> {
    for (const claim of this.#begun.splice(0)) {
      await claim.over;
      const { brought = none } = claim;
      if (brought.length > 0) await this.#deps.giveBack(this.#wants.namespace, brought);
    }
  }
}
