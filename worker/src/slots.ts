import { atEndOfTurn, type Clock } from "@stem/sdk/internal";
import type { HeldLease } from "./lease.ts";
import type { Runner } from "./runner/runner.ts";
import { lastWord, type Outcome } from "./settlement.ts";

/** What slots need. */
export type SlotsDeps = {
  readonly runner: Runner;
  readonly clock: Clock;
  /** A handler is about to begin. */
  readonly onStart?: ((lease: HeldLease) => void) | undefined;
  /** A lease has a deadline of its own. */
  readonly watch: (time: number) => void;
  /** A handler has ended and its slot is free. `outcome` is for the server; undefined: there is nothing to say. */
  readonly onEnded: (lease: HeldLease, outcome: Outcome | undefined) => void;
};

/**
 * Short tasks end in the turn of the event loop in which they started, and a thousand that follow each other would keep it from all else.
 * Between turns their outcomes leave and others come, so that server and worker are at work at the same time.
 */
const startsPerTurnMax = 256;

/** Runs leased tasks in the order given, at most `concurrency` at once. A handler keeps its slot until it has really ended. */
export class Slots {
  readonly #deps: SlotsDeps;
  #concurrency: number;
  #buffer: HeldLease[] = [];
  readonly #running = new Set<HeldLease>();
  #onIdle: (() => void)[] = [];
  /** Called once, when the next handler has ended. */
  #onEnd: (() => void)[] = [];
  #closed = false;
  /** How many were started in this turn of the event loop; at the bound the rest waits for the next one. */
  #startedInTurn = 0;
  #turnPlanned = false;

  constructor(concurrency: number, deps: SlotsDeps) {
    this.#concurrency = concurrency;
    this.#deps = deps;
  }

  /** How many may run at once. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** Lets more run at once, or fewer: those beyond go on until they end. */
  resize(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#fill();
  }

  /** How many more tasks could start now, less those that wait already; negative when more wait than could start. */
  get free(): number {
    return this.#concurrency - this.#running.size - this.#buffer.length;
  }

  /** How many handlers go on although their attempts are over; each still has its slot. */
  get zombies(): number {
    let count = 0;
    for (const { isOver } of this.#running) if (isOver) count += 1;
    return count;
  }

  /** How many leased tasks wait for a slot. */
  get waiting(): number {
    return this.#buffer.length;
  }

  /** Resolves when no handler runs whose attempt is not over. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  /** The leases whose handlers run. */
  get running(): ReadonlySet<HeldLease> {
    return this.#running;
  }

  /** Takes leases to run, now or when a slot comes free. */
  offer(leases: readonly HeldLease[]): void {
    for (const lease of leases) this.#buffer.push(lease);
    this.#fill();
  }

  /** Resolves when these handlers have ended. */
  ended(leases: readonly HeldLease[]): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (leases.some((lease) => this.#running.has(lease))) this.#onEnd.push(look);
        else resolve();
      };
      look();
    });
  }

  /** An attempt is over although its handler goes on. */
  abandoned(): void {
    if (this.#onIdle.length > 0 && this.#isIdle()) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Takes a lease out of the waiting ones; false when it does not wait. */
  withdraw(lease: HeldLease): boolean {
    const place = this.#buffer.indexOf(lease);
    if (place >= 0) this.#buffer.splice(place, 1);
    return place >= 0;
  }

  /** Starts nothing more, and answers what was waiting. */
  close(): readonly HeldLease[] {
    this.#closed = true;
    return this.#buffer.splice(0);
  }

  #isIdle(): boolean {
    return this.#running.size === 0 || this.#running.size === this.zombies;
  }

  #fill(): void {
    if (this.#closed) return;
    while (this.#running.size < this.#concurrency && this.#startedInTurn < startsPerTurnMax) {
      const lease = this.#buffer.shift();
      if (lease === undefined) return;
      this.#start(lease);
    }
  }

  #start(lease: HeldLease): void {
    this.#startedInTurn += 1;
    this.#planTurn();
    lease.begin(this.#deps.clock.now());
    const dueAt = Math.min(lease.limitAt, lease.softAt);
    if (dueAt !== Number.POSITIVE_INFINITY) this.#deps.watch(dueAt);
    this.#running.add(lease);
    this.#deps.onStart?.(lease);
    void this.#deps.runner.run(lease).then((outcome) => this.#ended(lease, outcome));
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    atEndOfTurn(() => {
      this.#turnPlanned = false;
      this.#startedInTurn = 0;
      this.#fill();
    });
  }

  #ended(lease: HeldLease, outcome: Outcome): void {
    this.#running.delete(lease);
    // Its outcome may have been settled over its head, at the end of its time limit.
    const last = lease.phase === "running" ? lastWord(lease.stop, outcome) : undefined;
    this.#deps.onEnded(lease, last);
    this.#fill();
    this.abandoned();
    if (this.#onEnd.length > 0) for (const look of this.#onEnd.splice(0)) look();
  }
}
