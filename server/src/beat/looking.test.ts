import { expect, test } from "vitest";
import { newSchedule } from "../../../test/support/new-schedule.ts";
import { instantOf, plus } from "../model/ids.ts";
import type { ScheduleSettings } from "../model/schedule-record.ts";
import { compile } from "./compile.ts";
import { foresee } from "./looking.ts";

const made = instantOf(1_800_000_000_000);

/** What is foreseen of a schedule every ten seconds so many milliseconds after it was made, in tenths of a minute. */
function told(own: Partial<ScheduleSettings>, ms: number, limit = 4) {
  const schedule = newSchedule("s", made, own);
  const now = plus(made, ms);
  return foresee(schedule, compile(schedule.settings.spec), { now, limit }).map(({ slot, skip, until }) =>
    [(slot - made) / 10_000, skip, until && until - made].filter((each) => each !== undefined),
  );
}

test("what went by is told first, as the catch-up has it, and then what comes", () => {
  const all = { kind: "all", max: 2, horizonMs: 35_000 } as const;
  expect(told({ catchUp: all }, 65_000)).toEqual([
    [1, "beyond_horizon", 30_000],
    [3, "beyond_max", 50_000],
    [5],
    [6],
  ]);
  expect(told({ catchUp: all }, 65_000, 6).slice(4)).toEqual([[7], [8]]);
  expect(told({ catchUp: { kind: "one" } }, 35_000)).toEqual([[1, "superseded", 30_000], [3], [4], [5]]);
  expect(told({ catchUp: { kind: "none", graceMs: 10 } }, 35_000, 3)).toEqual([
    [1, "late", 35_001],
    [4],
    [5],
  ]);
});

test("no more is told than was asked for", () => {
  expect(told({}, 35_000, 1)).toEqual([[1, "superseded", 30_000]]);
  expect(told({}, 5000, 1)).toEqual([[1]]);
});

test("runs are counted over what went by and what comes", () => {
  const all = { kind: "all", max: 9, horizonMs: 1_000_000 } as const;
  expect(told({ catchUp: all, runsMax: 3 }, 25_000)).toEqual([[1], [2], [3], [4, "max_runs"]]);
});
