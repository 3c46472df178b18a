import type { Bells } from "./bells.ts";

/** What following needs from outside. Clock fits. */
export type FollowDeps = {
  readonly clock: { now(): number; after(delayMs: number, run: () => void): () => void };
  readonly bells: Bells;
};

/** What is followed: by the bell that rings when it grows, for how long, and how it is read. */
export type Followed<Page> = {
  readonly key: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Reads what is new since it was read last. */
  readonly read: () => Promise<Page>;
  /** Whether there is more to read at once. */
  readonly hasMore: (page: Page) => boolean;
  /** Whether a page says something. The first one is passed on in any case. */
  readonly isNews: (page: Page) => boolean;
  /** Whether nothing comes after a page. */
  readonly isLast: (page: Page) => boolean;
};

/** How long a lost ring can go unnoticed. */
const rereadMs = 1000;

/**
 * Follows something that grows, page by page: listens before it reads, sleeps until the bell rings, and reads again every second, so
 * that a lost ring costs a second at most. Ends after the last page, at the time-out, or when the signal aborts. Reads only as fast as
 * its pages are taken.
 */
export async function* follow<Page>(deps: FollowDeps, followed: Followed<Page>): AsyncGenerator<Page> {
  const { clock, bells } = deps;
  const { key, timeoutMs, signal } = followed;
  const deadline = clock.now() + timeoutMs;
  const isOver = (): boolean => signal.aborted || clock.now() >= deadline;
  let awake = Promise.withResolvers<void>();
  const wake = (): void => awake.resolve();
  const silence = bells.listen(key, wake);
  signal.addEventListener("abort", wake);
  try {
    for (let isFirst = true; ; isFirst = false) {
      // Whatever rings from here on may be missed by the reading, and is read afterwards.
      awake = Promise.withResolvers<void>();
      const page = await followed.read();
      if (isFirst || followed.isNews(page)) yield page;
      if (followed.isLast(page)) return;
      if (followed.hasMore(page)) continue;
      if (isOver()) return;
      const cancel = clock.after(Math.min(rereadMs, deadline - clock.now()), wake);
      await awake.promise;
      cancel();
      if (signal.aborted) return;
    }
  } finally {
    silence();
    signal.removeEventListener("abort", wake);
  }
}
