import type { Clock } from "../../../ports/clock.ts";
import type { Log } from "../../../ports/log.ts";
import type { Ballast } from "./ballast.ts";
import { freeShare } from "./disk.ts";

/** What a watch looks after. */
export type DiskWatchDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: string;
  readonly ballast: Ballast;
  /** Below this share of free space, from 0 to 1, nothing new is taken. */
  readonly freeShareMin: number;
  /** There is room again, and the ballast is back. */
  readonly onRoom: () => Promise<void>;
};

/** Looks at the disk every few seconds, so that no call has to. */
export type DiskWatch = {
  /** Whether there was too little room when it last looked. */
  isLow(): boolean;
  stop(): Promise<void>;
};

const lookEveryMs = 5000;

/** Looks for the first time, keeps the ballast whole where there is room, and goes on looking. */
export async function startDiskWatch(deps: DiskWatchDeps): Promise<DiskWatch> {
  const { clock, log } = deps;
  let isLow = false;
  let isStopped = false;
  let looking = look();
  let cancelTimer = plan();

  async function look(): Promise<void> {
    const wasLow = isLow;
    try {
      const share = await freeShare(deps.folder);
      isLow = share < deps.freeShareMin;
      if (isLow !== wasLow)
        log.warn({ freeShare: share }, isLow ? "the disk is nearly full" : "the disk has room again");
      if (!isLow) await refillBallast();
    } catch (error) {
      log.warn({ error }, "the room on the disk is not known");
    }
  }

  async function refillBallast(): Promise<void> {
    if (await deps.ballast.isWhole()) return;
    await deps.ballast.restore();
    await deps.onRoom();
  }

  function plan(): () => void {
    return clock.after(lookEveryMs, () => {
      looking = look().then(() => {
        if (!isStopped) cancelTimer = plan();
      });
    });
  }

  await looking;
  return {
    isLow: () => isLow,
    async stop() {
      isStopped = true;
      cancelTimer();
      await looking;
    },
  };
}
