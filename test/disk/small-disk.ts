import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { onTestFinished, type TestContext } from "vitest";

/** A disk of its own for a test, which can really be full. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all the room that is left, as another program would. */
  fill(): Promise<void>;
  /** Gives it back. */
  empty(): Promise<void>;
}

/** Mounts a disk in memory; it goes with the test. Where that is not allowed the test is skipped, and with CI set it fails. */
export async function mountSmallDisk(context: TestContext, megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "stem-small-disk-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { status, stderr } = run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "stem-test", folder);
  if (status !== 0) {
    const missing = `no disk can be mounted for this test; run it as root on Linux: ${stderr}`;
    if (process.env["CI"]) throw new Error(missing);
    return context.skip(missing);
  }
  // Hooks run last first: after the server's, before the folder's.
  onTestFinished(() => void run("umount", folder));

  const filler = path.join(folder, "of-another-program");
  return {
    folder,
    async fill() {
      for (const bytes of [1_048_576, 4096]) while (await wasWritten(filler, bytes));
    },
    empty: () => rm(filler),
  };
}

const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: "utf8" });

/** Whether one more piece found room. */
async function wasWritten(file: string, bytes: number): Promise<boolean> {
  try {
    await writeFile(file, new Uint8Array(bytes), { flag: "a" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
