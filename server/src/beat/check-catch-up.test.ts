import { expect, test } from "vitest";
import type { CatchUp } from "../model/catch-up.ts";
import { checkCatchUp } from "./check-catch-up.ts";

test.each<[CatchUp, string | undefined]>([
  [{ kind: "none", graceMs: 0 }, undefined],
  [{ kind: "none", graceMs: -1 }, "within"],
  [{ kind: "none", graceMs: 31_622_400_001 }, "within"],
  [{ kind: "one" }, undefined],
  [{ kind: "all", max: 1000, horizonMs: 31_622_400_000 }, undefined],
  [{ kind: "all", max: 1001, horizonMs: 60_000 }, "all.max"],
  [{ kind: "all", max: 0, horizonMs: 60_000 }, "all.max"],
  [{ kind: "all", max: 10, horizonMs: Number.NaN }, "all.horizon"],
])("%j: %s", (catchUp, field) => {
  expect(checkCatchUp(catchUp)?.field).toBe(field);
});
