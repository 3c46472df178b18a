import type { HeldLease } from "./lease.ts";

const keyOf = (token: Uint8Array): string => Buffer.from(token).toString("latin1");

/** Every lease that the worker holds, from its Grant until the server has confirmed its end, in the order granted. */
export class LeaseTable implements Iterable<HeldLease> {
  readonly #held = new Set<HeldLease>();

  get size(): number {
    return this.#held.size;
  }

  [Symbol.iterator](): Iterator<HeldLease> {
    return this.#held.values();
  }

  add(lease: HeldLease): void {
    this.#held.add(lease);
  }

  /** Forgets a lease: it was settled, or it is lost. */
  remove(lease: HeldLease): void {
    this.#held.delete(lease);
  }

  /** The server extended every lease up to number `seenSeq`; each counts anew from `countedFrom`. */
  confirm(seenSeq: number, countedFrom: number): void {
    for (const lease of this.#held) if (lease.seq <= seenSeq) lease.confirm(countedFrom);
  }

  /** The length of the shortest lease; Infinity when there is none. */
  shortestMs(): number {
    let shortest = Number.POSITIVE_INFINITY;
    for (const { leaseMs } of this.#held) shortest = Math.min(shortest, leaseMs);
    return shortest;
  }

  /** The leases of these tokens, as far as they are held. Looks at all: only for frames that are rare. */
  byTokens(tokens: readonly Uint8Array[]): (HeldLease | undefined)[] {
    if (tokens.length === 0) return [];
    const byKey = new Map<string, HeldLease>();
    for (const lease of this.#held) byKey.set(keyOf(lease.grant.leaseToken), lease);
    return tokens.map((token) => byKey.get(keyOf(token)));
  }
}
