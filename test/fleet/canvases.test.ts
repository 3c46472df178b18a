import { expect, onTestFinished } from "vitest";
import { killUnderCanvases } from "../chaos/support/canvas-kills.ts";
import { startChaosRun } from "../chaos/support/chaos-run.ts";
import { onEachDatabase } from "./databases.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);

onEachDatabase((test) => {
  test(
    "two servers are killed in turn, and workers with them, under chords in chords: each body and each callback is made once, with the right values",
    isSoak ? 1_800_000 : 150_000,
    async (database) => {
      const run = startChaosRun(import.meta.filename, { storeUrl: database.url });
      onTestFinished(() => run[Symbol.asyncDispose]());
      const left = await killUnderCanvases(run, {
        places: ["a", "b"],
        loadMs: isSoak ? 600_000 : 6000,
      });
      expect(left.violations).toEqual([]);
      expect(left.canvases).toBeGreaterThan(3);
      expect(left.redelivered).toBeGreaterThan(0);
      run.accept();
    },
  );
});
