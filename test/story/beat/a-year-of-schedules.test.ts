import { expect, test } from "vitest";
import { instantOf } from "../../../server/src/model/ids.ts";
import { openBeat, slotsBetween } from "../../support/beat-room.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { queueRefOf } from "../../support/rooms.ts";

const day = 86_400_000;
const start = Date.UTC(2027, 0, 1, 0, 0, 30);
const everything = { limits: { scheduleHistoryMax: 1_000_000 } };

const cron = (expression: string, zone: string) => ({ spec: { kind: "cron", expression, zone } }) as const;

test("a year of schedules fires each slot once, in whatever zone", { timeout: 120_000 }, async () => {
  const beat = await openBeat({ ...everything, clock: createManualClock(start) });
  const schedules = [
    await beat.make(cron("30 2 * * *", "America/New_York"), "night"),
    await beat.make(cron("*/30 1-3 * * sun", "Europe/Paris"), "sundays"),
    await beat.make({ ...cron("0 9 * * mon-fri", "Australia/Lord_Howe"), jitterMs: 600_000 }, "work"),
    await beat.make({ spec: { kind: "interval", everyMs: day / 4, anchor: instantOf(7) } }, "quarters"),
    await beat.make(
      {
        spec: {
          ...{ kind: "solar", event: "sunset", offsetMs: -600_000 },
          ...{ latitude: 78.2, longitude: 15.6 },
        },
      },
      "svalbard",
    ),
  ];
  const end = start + 365 * day;
  await beat.skipTo(end);
  for (const schedule of schedules) {
    const slots = slotsBetween(schedule, start - 1, end);
    expect(slots.length).toBeGreaterThan(100);
    expect(await beat.startedSlots(schedule.id)).toEqual(slots);
    expect((await beat.schedules.get(schedule)).progress.fired).toBe(slots.length);
  }
  const queue = await beat.store.getQueue(queueRefOf());
  const all = schedules.flatMap((schedule) => slotsBetween(schedule, start - 1, end));
  expect(queue?.depth.ready).toBe(all.length);
  await beat.close();
});

test("a clock that goes wrong, and a server that is down, cost no slot twice, and each what its catch-up says", async () => {
  const beat = await openBeat({ ...everything, clock: createManualClock(start) });
  const hourly = { kind: "interval", everyMs: day / 24, anchor: instantOf(start) } as const;
  const [one, all, none] = [
    await beat.make({ spec: hourly, catchUp: { kind: "one" } }, "one"),
    await beat.make({ spec: hourly, catchUp: { kind: "all", max: 1000, horizonMs: 3 * day } }, "all"),
    await beat.make({ spec: hourly, catchUp: { kind: "none", graceMs: 60_000 } }, "none"),
  ];
  const slots = (from: number, to: number) => slotsBetween(one, from, to);
  await beat.skipTo(start + 2 * day);
  const before = slots(start - 1, start + 2 * day);
  for (const { id } of [one, all, none]) expect(await beat.startedSlots(id)).toEqual(before);

  // Five hours back: nothing fires until the clock is there again.
  await beat.clock.jump((-5 * day) / 24);
  await beat.skipTo(start + 2 * day);
  for (const { id } of [one, all, none]) expect(await beat.startedSlots(id)).toEqual(before);

  // A week without a server, and half an hour beside the hour.
  await beat.clock.jump(7 * day + 1_800_000);
  const back = beat.clock.now();
  await beat.skipTo(back + 1);
  const missed = slots(start + 2 * day, back);
  expect(missed).toHaveLength(7 * 24);
  expect(await beat.startedSlots("one")).toEqual([...before, ...missed.slice(-1)]);
  expect(await beat.startedSlots("all")).toEqual([
    ...before,
    ...missed.filter((slot) => slot >= back - 3 * day),
  ]);
  expect(await beat.startedSlots("none")).toEqual(before);
  expect(new Set(await beat.startedSlots("all")).size).toBe((await beat.startedSlots("all")).length);
  await beat.close();
});
