import type { CancelTimer, Clock } from "./clock.ts";
import type { LockCalls, LockHold } from "./lock-calls.ts";
import { LockLostError } from "./lock-errors.ts";
import type { StemProblem } from "./problem.ts";
import { problemFrom } from "./problem-from.ts";

/** A lock that is yours. It renews itself until it is released; `await using` releases it at the end of its block. */
export interface HeldLock extends AsyncDisposable {
  readonly key: string;
  /** Who you are to the server: a new UUID, unless you gave a name. */
  readonly owner: string;
  /** Rises with every new holder of the key, for ever. Give it to what the lock protects, to refuse whoever comes late. */
  readonly fence: bigint;
  /**
   * Aborts, with a LockLostError, when the lock is no longer surely yours: the server said so, or no renewal got through for as long as
   * it lasts, counted from when the last one that did was sent. Another may hold it from then on. Releasing it aborts nothing.
   */
  readonly signal: AbortSignal;
  /** Lets go of it. Idempotent, and no error where it was lost. Should the server be away, the lock ends by itself. */
  release(): Promise<void>;
}

/** How a lock is held. */
export type HoldOptions = {
  readonly hold: LockHold;
  readonly ttlMs: number;
  /** A moment, by the clock given, at which the lock had not yet begun to run out. */
  readonly confirmedAt: number;
};

/** What holding needs. */
export type HoldDeps = {
  readonly calls: Pick<LockCalls, "renew" | "release">;
  readonly clock: Clock;
  /** Called once when it is no longer held: released or lost. */
  readonly onEnd: (lock: HeldLock) => void;
};

/** Tries to renew three times in the life of a lock, and again this often where the server did not answer. */
const renewShare = 1 / 3;
const retryShare = 1 / 15;

/** A lock with the loop that renews it. */
export class RenewedLock implements HeldLock {
  readonly #deps: HoldDeps;
  readonly #hold: LockHold;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  #confirmedAt: number;
  #cancelRenewal: CancelTimer | undefined;
  #cancelEnd: CancelTimer | undefined;
  #released: Promise<void> | undefined;

  constructor(deps: HoldDeps, { hold, ttlMs, confirmedAt }: HoldOptions) {
    this.#deps = deps;
    this.#hold = hold;
    this.#ttlMs = ttlMs;
    this.#confirmedAt = confirmedAt;
    this.#watchEnd();
    this.#renewAfter(this.#leftMs() - ttlMs * (1 - renewShare));
  }

  get key(): string {
    return this.#hold.key;
  }

  get owner(): string {
    return this.#hold.owner;
  }

  get fence(): bigint {
    return this.#hold.fence;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  get #isHeld(): boolean {
    return this.#released === undefined && !this.#lost.signal.aborted;
  }

  #leftMs(): number {
    return this.#confirmedAt + this.#ttlMs - this.#deps.clock.now();
  }

  #watchEnd(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = this.#deps.clock.after(this.#leftMs(), () =>
      this.#lose("no renewal got through in time"),
    );
  }

  #renewAfter(delayMs: number): void {
    this.#cancelRenewal = this.#deps.clock.after(Math.max(0, delayMs), () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { calls, clock } = this.#deps;
    const sentAt = clock.now();
    const timeoutMs = Math.min(this.#leftMs(), this.#ttlMs * renewShare);
    const problem = await calls.renew(this.#hold, this.#ttlMs, timeoutMs).then(
      () => undefined,
      (error: unknown) => problemFrom(error),
    );
    if (!this.#isHeld) return;
    if (problem === undefined) {
      this.#confirmedAt = sentAt;
      this.#watchEnd();
      this.#renewAfter(this.#ttlMs * renewShare - (clock.now() - sentAt));
    } else if (problem.reason === "LOCK_LOST") this.#lose(problem.message, problem);
    else this.#renewAfter(this.#ttlMs * retryShare);
  }

  #lose(why: string, cause?: StemProblem): void {
    if (!this.#isHeld) return;
    this.#stop();
    this.#lost.abort(new LockLostError(this.key, why, cause && { cause }));
    this.#deps.onEnd(this);
  }

  #stop(): void {
    this.#cancelRenewal?.();
    this.#cancelEnd?.();
  }

  async #release(): Promise<void> {
    if (this.#lost.signal.aborted) return;
    this.#stop();
    this.#deps.onEnd(this);
    // Another's by now, or free: that is what was wanted. And where the server is away, a lock that nobody renews ends by itself.
    await this.#deps.calls.release(this.#hold).catch(() => undefined);
  }
}
