import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ScheduleOverlap,
  ScheduleSettingsSchema,
  ScheduleSpecSchema,
  type SolarEvent,
} from "@stem/proto/stem/v1/schedule_pb";
import { expect, test } from "vitest";
import type { ScheduleRules } from "./settings.ts";
import { settingsFromProto, settingsToProto, usualRules } from "./settings-message.ts";
import { specFromProto, specToProto } from "./spec-message.ts";
import { at, calendar, cron, every, type ScheduleSpec, solar } from "./specs.ts";

const noon = new Date(Date.UTC(2030, 0, 1, 12));
const later = new Date(Date.UTC(2031, 0, 1, 12));

test("a spec of each kind says what was given, and the defaults of what was not", () => {
  expect(every({ hours: 1, minutes: 1, seconds: 1, ms: 1 }, { anchorAt: noon, startAt: later })).toEqual({
    ...{ kind: "interval", everyMs: 3_661_001, anchorAt: noon, startAt: later, endAt: undefined },
  });
  expect(every({ seconds: 90 })).toMatchObject({ everyMs: 90_000, anchorAt: new Date(0) });
  expect(cron("0 3 * * *")).toMatchObject({ expression: "0 3 * * *", timeZone: "UTC" });
  expect(calendar({ weekdays: [1], timeZone: "Asia/Tokyo" })).toMatchObject({
    ...{ months: [], weekdays: [1], monthDays: [], hours: [], minutes: [], timeZone: "Asia/Tokyo" },
  });
  expect(solar("dusk", { latitude: 1, longitude: 2 })).toMatchObject({ event: "dusk", offsetMs: 0 });
  expect(at(noon)).toEqual({ kind: "clocked", at: noon });
});

const specs: readonly ScheduleSpec[] = [
  every({ minutes: 5 }, { anchorAt: noon, startAt: noon, endAt: later }),
  cron("30 2 * * *", { timeZone: "Europe/Paris", endAt: later }),
  calendar({ months: [1, 12], weekdays: [0], monthDays: [-1], hours: [3], minutes: [0, 30], startAt: noon }),
  solar("nautical_dawn", { latitude: 52.5, longitude: -13.25, offsetMs: -600_500 }),
  at(noon),
];

test.each(specs)("a spec of kind $kind is read as it was said", (spec) => {
  expect(specFromProto(specToProto(spec))).toEqual(spec);
});

test("a spec of a kind that this version does not know is no other one", () => {
  expect(specFromProto(create(ScheduleSpecSchema))).toBeUndefined();
  const event = 99 as SolarEvent;
  const newer = create(ScheduleSpecSchema, { spec: { case: "solar", value: { event } } });
  expect(specFromProto(newer)).toBeUndefined();
});

test("what cannot be sent is refused by the name of the option", () => {
  expect(() => specToProto(every({ seconds: -1 }))).toThrow(
    "every must be a number of milliseconds, 0 or more",
  );
  expect(() => specToProto(at(new Date(Number.NaN)))).toThrow("at is not a valid date");
  const nowhere = { latitude: 0, longitude: 0, offsetMs: Number.NaN };
  expect(() => specToProto(solar("dawn", nowhere))).toThrow("offsetMs must be a number of milliseconds");
});

test("settings are read as they were said", async () => {
  const said: Partial<ScheduleRules> = {
    ...{ catchUp: { max: 3, horizonMs: 3_600_000 }, overlap: "queue_one", jitterMs: 1500 },
    ...{ isDisabled: true, expireAt: noon, maxRuns: 7, priority: 0, removeWhenOver: true, description: "d" },
  };
  const fields = await settingsToProto(said);
  expect(settingsFromProto(create(ScheduleSettingsSchema, fields))).toMatchObject(said);
  const within = await settingsToProto({ catchUp: { withinMs: 60_000 } });
  expect(settingsFromProto(create(ScheduleSettingsSchema, within)).catchUp).toEqual({ withinMs: 60_000 });
});

test("of what a new schedule does not say the defaults are sent, and of what a change does not say nothing", async () => {
  expect(create(ScheduleSettingsSchema, await settingsToProto(usualRules))).toMatchObject({
    ...{ overlap: ScheduleOverlap.ALLOW, catchUp: { rule: { case: "newest", value: true } } },
    ...{ jitter: { seconds: 0n, nanos: 0 }, disabled: false, removeWhenOver: false, description: "" },
  });
  expect(Object.keys(await settingsToProto({ jitterMs: 5 }))).toEqual(["jitter"]);
  const before = { expireTime: timestampFromDate(noon), maxRuns: 3 };
  expect({ ...before, ...(await settingsToProto({ expireAt: undefined })) }).toEqual({ maxRuns: 3 });
});
