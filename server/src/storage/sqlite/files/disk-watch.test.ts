import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { createManualClock } from "../../../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../../../test/support/recording-log.ts";
import { startDiskWatch } from "./disk-watch.ts";

/** A ballast that was given back, on a disk of this machine. */
async function watchBallastOf(bytes: number) {
  const clock = createManualClock();
  const log = createRecordingLog();
  const happened: string[] = [];
  const ballast = {
    bytes,
    isWhole: async () => false,
    restore: async () => void happened.push("restored"),
  };
  const onRoom = async () => void happened.push("accepting");
  const watch = await startDiskWatch({ clock, log, folder: tmpdir(), ballast, freeShareMin: 0, onRoom });
  await watch.stop();
  return { happened, lines: log.lines };
}

test("a ballast is made whole where there is room for it, and then accepting goes on", async () => {
  expect((await watchBallastOf(1)).happened).toEqual(["restored", "accepting"]);
});

test("a ballast for which there is no room is not begun: what is left is for what runs", async () => {
  const { happened, lines } = await watchBallastOf(Number.MAX_SAFE_INTEGER);
  expect(happened).toEqual([]);
  expect(JSON.stringify(lines)).toContain("no room for the store's ballast");
});
