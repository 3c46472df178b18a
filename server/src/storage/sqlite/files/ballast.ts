import { truncateSync } from "node:fs";
import { open, stat, truncate } from "node:fs/promises";

/** Disk space kept back beside a store, so that what runs can still be settled when the disk is full. */
export type Ballast = {
  readonly bytes: number;
  /** Whether the space is kept back now. */
  isWhole(): Promise<boolean>;
  /** Keeps the space back; throws, and keeps nothing, where the disk has not enough. */
  restore(): Promise<void>;
};

const chunkBytes = 1024 * 1024;

/** Names the ballast of a store. */
export const ballastPath = (storePath: string): string => `${storePath}.ballast`;

/** Makes the ballast of `bytes` beside a store. Nothing is written yet. */
export function createBallast(storePath: string, bytes: number): Ballast {
  const path = ballastPath(storePath);

  async function isWhole(): Promise<boolean> {
    try {
      return (await stat(path)).size >= bytes;
    } catch {
      // There is none yet.
      return false;
    }
  }

  async function restore(): Promise<void> {
    // Written out, not just made long: a file with holes takes no space.
    const file = await open(path, "w", 0o600);
    try {
      for (let left = bytes; left > 0; left -= chunkBytes) {
        await file.write(new Uint8Array(Math.min(left, chunkBytes)));
      }
    } catch (error) {
      await truncate(path, 0);
      throw error;
    } finally {
      await file.close();
    }
  }

  return { bytes, isWhole, restore };
}

/** Gives the space back to the disk, at once; without effect where it was given back before. */
export function releaseBallast(storePath: string): void {
  try {
    truncateSync(ballastPath(storePath), 0);
  } catch {
    // There is none: it never fitted on this disk, or an operator removed it in need.
  }
}
