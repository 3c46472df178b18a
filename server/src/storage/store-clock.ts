import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

/** The time of a store, as servers that share it count it. */
export type StoreClock = { readonly clock: Clock; close(): void };

/** Where a store is asked for its time. */
export type TimeSource = {
  /** By how many milliseconds the store is ahead of us. */
  compare(): Promise<number>;
  close(): void;
};

export type StoreClockOptions = {
  readonly base: Clock;
  readonly log: Log;
  /** The store as its address may be shown, and what it is called in the log, such as "Redis". */
  readonly shown: string;
  readonly name: string;
  readonly open: () => Promise<TimeSource>;
  readonly textOf: (error: unknown) => string;
};

/** How often it is compared again, of how many answers the quickest counts, and from what on a jump is told. */
const compareMs = 30_000;
const looksMax = 3;
const jumpMs = 1000;

/** Opens the clock of a store. Throws when it cannot be asked; later failures leave it as it is. */
export async function openClockOf(options: StoreClockOptions): Promise<StoreClock> {
  const { base, log, name, textOf } = options;
  const { source, aheadMs: first } = await openSource(options);
  let aheadMs = first;
  let newest = 0;
  let isClosed = false;
  let cancel = base.after(compareMs, compareAgain);

  function compareAgain(): void {
    source
      .compare()
      .then(
        (found) => {
          const byMs = found - aheadMs;
          if (Math.abs(byMs) > jumpMs) log.warn({ byMs }, `the clock of ${name} jumped against ours`);
          aheadMs = found;
        },
        (error: unknown) => log.debug({ error: textOf(error) }, `the time of ${name} was not compared`),
      )
      .finally(() => {
        if (!isClosed) cancel = base.after(compareMs, compareAgain);
      })
      .catch(() => undefined);
  }

  return {
    clock: {
      // Where it was ahead, it stands still until the store has come there.
      now() {
        newest = Math.max(newest, Math.floor(base.now() + aheadMs));
        return newest as ReturnType<Clock["now"]>;
      },
      ...(base.wall && { wall: base.wall }),
      after: base.after,
    },
    close() {
      isClosed = true;
      cancel();
      source.close();
    },
  };
}

async function openSource({ shown, open, textOf }: StoreClockOptions) {
  let source: TimeSource | undefined;
  try {
    source = await open();
    return { source, aheadMs: await source.compare() };
  } catch (error) {
    source?.close();
    throw new Error(`the store ${shown} cannot be asked for the time: ${textOf(error)}`, { cause: error });
  }
}

/** By how much a store is ahead of us, by the answer that came quickest, as if it had been given half-way. */
export async function aheadOf(base: Clock, ask: () => Promise<number>): Promise<number> {
  let best = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
  for (let look = 1; look <= looksMax; look += 1) {
    const before = base.now();
    const nowMs = await ask();
    const tookMs = base.now() - before;
    if (tookMs < best.tookMs) best = { tookMs, aheadMs: nowMs - (before + tookMs / 2) };
  }
  return best.aheadMs;
}
