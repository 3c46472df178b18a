import type { Clock } from "../ports/clock.ts";
import type { AcquireLockVerdict, LockStore } from "../ports/lock-store.ts";
import type { Log } from "../ports/log.ts";
import { grant, type Line, leave, type Waiter } from "./waiting.ts";

/** What serving a line needs. */
export type ServeLineDeps = {
  readonly store: Pick<LockStore, "acquireLock" | "releaseLock">;
  readonly clock: Clock;
  readonly log: Log;
  /** Nobody is in the line any more, and nobody asks for it. */
  readonly onEmpty: (line: Line) => void;
};

/** Hints may be lost, so who is first in line looks again. */
const lookAgainMs = 1000;

/** Makes the way in which a line is served: its first asks for the lock, now or as soon as the asking under way is over. */
export function createServeLine({ store, clock, log, onEmpty }: ServeLineDeps): (line: Line) => void {
  function serve(line: Line): void {
    line.isFreed = true;
    line.cancelTimer?.();
    line.asking ??= askUntilHeld(line);
  }

  async function askUntilHeld(line: Line): Promise<void> {
    let pauseMs = 0;
    for (let [first] = line.waiting; first !== undefined && (line.isFreed || pauseMs === 0); ) {
      line.isFreed = false;
      pauseMs = await ask(line, first);
      [first] = line.waiting;
    }
    line.asking = undefined;
    if (line.waiting.length === 0) onEmpty(line);
    else line.cancelTimer = clock.after(pauseMs, () => serve(line));
  }

  /** Asks once for one; answers how long to wait before asking again. */
  async function ask(line: Line, waiter: Waiter): Promise<number> {
    try {
      const now = clock.now();
      const verdict = await store.acquireLock({ ...waiter.who, now });
      if (verdict.kind === "held") {
        line.holder = verdict.lock;
        return Math.min(lookAgainMs, Math.max(1, verdict.lock.expiresAt - now));
      }
      if (waiter.isOver) await giveBack(verdict);
      else grant(line, waiter, verdict);
    } catch (error) {
      if (!waiter.isOver) leave(line, waiter).reject(error);
    }
    return 0;
  }

  /** The caller went while the store was asked: what it would have got is the next one's. */
  async function giveBack(verdict: AcquireLockVerdict): Promise<void> {
    if (verdict.kind !== "acquired") return;
    try {
      await store.releaseLock(verdict.lock, clock.now());
    } catch (error) {
      log.warn({ err: error, key: verdict.lock.key }, "could not give a lock back; it will end by itself");
    }
  }

  return serve;
}
