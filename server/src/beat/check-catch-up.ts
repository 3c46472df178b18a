import type { CatchUp } from "../model/catch-up.ts";
import type { FieldViolation } from "../model/problem.ts";
import { scheduleBounds as bounds } from "../model/schedule.ts";
import { checkWhole } from "./check-whole.ts";

/** What is wrong with a rule for slots that went by, if anything is; the path is relative to it. */
export function checkCatchUp(catchUp: CatchUp): FieldViolation | undefined {
  switch (catchUp.kind) {
    case "none":
      return checkWhole("within", catchUp.graceMs, { min: 0, max: bounds.catchUpMsMax, unit: "ms" });
    case "one":
      return undefined;
    case "all":
      return (
        checkWhole("all.max", catchUp.max, { min: 1, max: bounds.catchUpSlotsMax }) ??
        checkWhole("all.horizon", catchUp.horizonMs, { min: 1, max: bounds.catchUpMsMax, unit: "ms" })
      );
  }
}
