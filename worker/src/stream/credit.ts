import type { Prefetch } from "../prefetch.ts";

/** What decides how much more work may come. */
export type CreditDeps = {
  /** Slots free, less tasks that wait for one; may be negative. */
  readonly free: () => number;
  /** How many leases are held in all. */
  readonly held: () => number;
  /** How many handlers may run at once. */
  readonly concurrency: () => number;
  readonly prefetch: Prefetch;
};

/** The most leases that one Hello may list. */
const heldMax = 10_000;

/** Keeps the server's idea of how much may come close to the truth, without a frame for every task. */
export class Credit {
  readonly #deps: CreditDeps;
  /** The highest Grant number allowed so far on this stream; undefined: none was. */
  #allowed: number | undefined;
  #closed = false;
  /** The most that the server takes at once; its Welcome says it. */
  max = heldMax;

  constructor(deps: CreditDeps) {
    this.#deps = deps;
  }

  /** A new stream knows nothing of what was allowed on the last one. */
  reset(): void {
    this.#allowed = undefined;
  }

  /** Allows nothing more, from the next frame on. */
  close(): void {
    this.#closed = true;
  }

  /** The credit to send now, beyond the Grant `seenSeq`; undefined when what was allowed is near enough. */
  next(seenSeq: number, now: number): number | undefined {
    const ahead = this.#deps.prefetch.target(now);
    const wanted = this.#wanted(ahead);
    const open = this.#allowed === undefined ? undefined : this.#allowed - seenSeq;
    if (open !== undefined && !this.#isWorthAFrame(wanted, open, ahead)) return undefined;
    this.#allowed = seenSeq + wanted;
    return wanted;
  }

  #wanted(ahead: number): number {
    if (this.#closed) return 0;
    const room = Math.min(this.max, heldMax - this.#deps.held());
    return Math.max(0, Math.min(this.#deps.free() + ahead, room));
  }

  #isWorthAFrame(wanted: number, open: number, ahead: number): boolean {
    if (wanted === open) return false;
    if (wanted === 0 || this.#closed) return true;
    // A quarter of what is in hand at full load; less only when the server is about to run out.
    const step = Math.max(1, Math.floor((this.#deps.concurrency() + ahead) / 4));
    return Math.abs(wanted - open) >= step || (open < step && wanted > open);
  }
}
