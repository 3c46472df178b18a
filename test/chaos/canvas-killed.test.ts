import { expect, test } from "vitest";
import { killUnderCanvases } from "./support/canvas-kills.ts";
import { startChaosRun } from "./support/chaos-run.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);

test("chords in chords under kills of server and workers: each body is made once, in order, and not too early", {
  timeout: isSoak ? 1_800_000 : 300_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  const left = await killUnderCanvases(run, { places: [""], loadMs: isSoak ? 600_000 : 15_000 });
  expect(left.violations).toEqual([]);
  expect(left.canvases).toBeGreaterThan(3);
  expect(left.states).toEqual(["failed", "succeeded"]);
  expect(left.redelivered).toBeGreaterThan(0);
  run.accept();
});
