import type { Clock } from "../../../ports/clock.ts";
import type { Log } from "../../../ports/log.ts";
import type { Ballast } from "./ballast.ts";
import { type DiskRoom, roomOn } from "./disk.ts";

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
  let isShort = false;
  let isStopped = false;
  let looking = look();
  let cancelTimer = plan();

  async function look(): Promise<void> {
    try {
      const room = await roomOn(deps.folder);
      noteLow(room);
      if (!isLow) await refillBallast(room);
    } catch (error) {
      log.warn({ error }, "the room on the disk is not known");
    }
  }

  function noteLow(room: DiskRoom): void {
    const wasLow = isLow;
    isLow = isBelowMin(room.freeBytes, room);
    if (isLow === wasLow) return;
    const words = isLow ? "the disk is nearly full" : "the disk has room again";
    log.warn({ freeShare: room.freeBytes / room.bytes }, words);
  }

  /** Only where there is room for all of it: trying would take from what runs, for a moment, the last that is left. */
  async function refillBallast(room: DiskRoom): Promise<void> {
    const { ballast } = deps;
    if (await ballast.isWhole()) return;
    const wasShort = isShort;
    isShort = isBelowMin(room.freeBytes - ballast.bytes, room);
    if (isShort) {
      const facts = { freeBytes: room.freeBytes, ballastBytes: ballast.bytes };
      if (!wasShort)
        log.warn(facts, "the disk has no room for the store's ballast; what runs may use the rest");
      return;
    }
    await ballast.restore();
    await deps.onRoom();
    if (wasShort) log.warn({}, "the store's ballast is whole again");
  }

  const isBelowMin = (freeBytes: number, { bytes }: DiskRoom): boolean =>
    freeBytes < deps.freeShareMin * bytes;

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
