import { createSeededRandom } from "../../support/seeded-random.ts";

/** Chance that can be repeated. */
export type Random = {
  /** At least `from`, below `to`. */
  between(from: number, to: number): number;
  /** A whole number of `from` to `to`, both included. */
  whole(from: number, to: number): number;
  /** True as often as `share` says, 0 to 1. */
  chance(share: number): boolean;
};

/** Chance that follows from a seed alone. */
export function createRandom(seed: number): Random {
  const { chance: next } = createSeededRandom(seed);
  const between = (from: number, to: number): number => from + next() * (to - from);
  return {
    between,
    whole: (from, to) => Math.floor(between(from, to + 1)),
    chance: (share) => next() < share,
  };
}

/** The seed of this run: STEM_SEED when it is set, to do a run again; else a new one. */
export function seedOfRun(): number {
  const given = process.env["STEM_SEED"];
  if (given === undefined) return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(given);
  if (!Number.isInteger(seed)) throw new Error(`STEM_SEED must be a whole number; it is ${given}`);
  return seed;
}
