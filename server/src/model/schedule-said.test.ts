import { expect, test } from "vitest";
import { instantOf } from "./ids.ts";
import type { ScheduleSettings } from "./schedule-record.ts";
import { changedSettings } from "./schedule-said.ts";

const settings: ScheduleSettings = {
  spec: { kind: "interval", everyMs: 1000, anchor: instantOf(0), start: instantOf(5) },
  target: { kind: "task", content: Buffer.from("t") },
  ...{ catchUp: { kind: "all", max: 2, horizonMs: 3 }, overlap: "skip", jitterMs: 0, isEnabled: true },
  ...{ expireAt: undefined, runsMax: 1, priority: undefined, whenOver: "keep", description: "" },
};

const changes = (own: Partial<ScheduleSettings>) =>
  changedSettings(settings, { ...settings, ...own }, (a, b) => a.kind === b.kind);

test("what is said in another order, or said to be undefined, is the same", () => {
  expect(changes({})).toEqual([]);
  const spec = {
    start: instantOf(5),
    end: undefined,
    anchor: instantOf(0),
    everyMs: 1000,
    kind: "interval",
  } as const;
  expect(changes({ spec, catchUp: { horizonMs: 3, max: 2, kind: "all" } })).toEqual([]);
  expect(changes({ target: { kind: "task", content: Buffer.from("other bytes") } })).toEqual([]);
});

test.each<readonly [keyof ScheduleSettings, Partial<ScheduleSettings>]>([
  ["spec", { spec: { kind: "interval", everyMs: 1000, anchor: instantOf(0) } }],
  ["target", { target: { kind: "canvas", content: Buffer.from("t") } }],
  ["catchUp", { catchUp: { kind: "all", max: 2, horizonMs: 4 } }],
  ["overlap", { overlap: "allow" }],
  ["jitterMs", { jitterMs: 1 }],
  ["isEnabled", { isEnabled: false }],
  ["expireAt", { expireAt: instantOf(1) }],
  ["runsMax", { runsMax: undefined }],
  ["priority", { priority: 0 }],
  ["whenOver", { whenOver: "remove" }],
  ["description", { description: "x" }],
])("another %s is told", (name, own) => {
  expect(changes(own)).toEqual([name]);
});
