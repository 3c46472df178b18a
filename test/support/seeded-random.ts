import { type TaskId, taskIdOf } from "../../server/src/model/ids.ts";
import type { Random } from "../../server/src/ports/random.ts";

/** Chance that repeats itself: the same seed, the same numbers. Task ids are task-1, task-2 and so on. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  let ids = 0;

  /** Mulberry32: 32 bits of state, good enough to spread a back-off. */
  function next32(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  return {
    chance: () => next32() / 2 ** 32,
    taskId(): TaskId {
      ids += 1;
      return taskIdOf(`task-${ids}`);
    },
    bytes: (length) => Uint8Array.from({ length }, () => next32() & 0xff),
  };
}
