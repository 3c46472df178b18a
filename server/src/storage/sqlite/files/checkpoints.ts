import type { Checkpointed } from "../threads/verb.ts";

/** Who can copy the write-ahead log into the data file. */
export type CheckpointDeps = {
  /** Copies beside running commits. */
  readonly copy: () => Promise<Checkpointed>;
  /** Copies the rest between two commits, so that the log starts again at its beginning. */
  readonly finish: () => Promise<Checkpointed>;
};

/** Keeps the write-ahead log short. */
export type Checkpoints = {
  /** Takes note of the log's length after a commit. */
  observe(walPages: number): void;
  /** Resolves when nothing is being copied. */
  idle(): Promise<void>;
};

/** From here on there is enough to copy, in pages of 4 KiB: 16 MB. */
const worthPages = 4000;
/** After so much more a copy that failed is tried again: 1 MB. */
const retryPages = 250;
/** From here on commits wait while the rest is copied: 64 MB. Under a steady load they would never leave a gap for it. */
const longPages = 16_000;

/** Makes the keeper of a log. */
export function createCheckpoints({ copy, finish }: CheckpointDeps): Checkpoints {
  let running: Promise<void> | undefined;
  let lookedAt = 0;

  async function run(): Promise<void> {
    try {
      const { pages } = await copy();
      if (pages >= longPages) await finish();
    } catch {
      // A full disk: tried again soon, because the ballast has been given back for it. A broken one: its thread has said so.
      lookedAt -= worthPages - retryPages;
    }
    running = undefined;
  }

  return {
    observe(walPages) {
      // Shorter than last time: it has started again.
      if (walPages < lookedAt) lookedAt = 0;
      if (running !== undefined || walPages - lookedAt < worthPages) return;
      lookedAt = walPages;
      running = run();
    },
    idle: async () => running,
  };
}
