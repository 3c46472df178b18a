import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  type ScheduleSettingsSchema,
  type ScheduleSpecSchema,
  SolarEvent,
} from "@stem/proto/stem/v1/schedule_pb";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { describe, expect, test } from "vitest";
import { openBeat } from "../../support/beat-room.ts";
import { wordOf } from "../../support/wire-transports.ts";
import { abuseServer, ways } from "./abused-server.ts";
import { invalid, refusalOf, refused, tooLarge } from "./refusal.ts";

type Spec = MessageInitShape<typeof ScheduleSpecSchema>;
type Settings = MessageInitShape<typeof ScheduleSettingsSchema>;

const schedulesMax = 40;
const server = abuseServer({ inMemory: true, limits: { schedulesPerNamespaceMax: schedulesMax } });

const settings = (spec: Spec): Settings => ({ spec, target: { case: "task", value: { name: "a" } } });
const cron = (expression: string, timeZone = "UTC"): Spec => ({
  spec: { case: "cron", value: { expression, timeZone } },
});
const utc = (...parts: readonly [number, number, number?, number?, number?]) => {
  const [year, month, day = 1, hour = 0, minute = 0] = parts;
  return timestampFromMs(Date.UTC(year, month - 1, day, hour, minute));
};

describe.each(ways)("over %s", (way) => {
  const own = (suffix: string) => `${wordOf(way)}-${suffix}`;
  const creating = (suffix: string) => {
    const { schedules } = server.caller(way);
    return (spec: Spec) => schedules.createSchedule({ scheduleId: own(suffix), settings: settings(spec) });
  };
  /** The first slots of a schedule that is made and removed. */
  const slotsOf = async (suffix: string, spec: Spec, count: number) => {
    const { schedules } = server.caller(way);
    await creating(suffix)(spec);
    const slots = createClient(ScheduleSlotService, createGrpcTransport({ baseUrl: server.wire.url }));
    const { slots: comes } = await slots.previewSchedule({ scheduleId: own(suffix), count });
    await schedules.deleteSchedule({ scheduleId: own(suffix) });
    return comes.map(({ slotTime }) => slotTime);
  };
  const expression = invalid("settings.spec.cron.expression");

  test("D176 an expression has five fields or six, and is not longer than 256 characters", async () => {
    const long = `${"0,".repeat(124)}0 * * * *`;
    expect(long).toHaveLength(257);
    const bad = ["", " ", "* * * *", "* * * * * * *", long];
    await server.refuses(
      expression,
      bad.map((text) => cron(text)),
      creating("d176"),
    );
  });

  test("D178 fields outside their range, and what is no cron, are refused", async () => {
    const minutes = ["61", "*/0", "5-1", "-1", "1,,2", "?", "lun", "1.5"];
    const bad = [...minutes.map((minute) => `${minute} * * * *`), "0 0 * * lundi", "0 0 * janvier *"];
    await server.refuses(
      expression,
      bad.map((text) => cron(text)),
      creating("d178"),
    );
    for (const text of ["0 0 L * *", "0 0 15W * *", "0 0 * * 5#2", "0 0 * jan mon-fri"])
      expect(await slotsOf("d178", cron(text), 1)).toHaveLength(1);
  });

  test("D179 an expression that never comes is refused", async () => {
    const bad = ["0 0 30 2 *", "0 0 31 4 *", "0 0 31 2,4,6 *"];
    await server.refuses(
      expression,
      bad.map((text) => cron(text)),
      creating("d179"),
    );
    expect((await refusalOf(creating("d179")(cron("0 0 30 2 *")))).text).toMatch(/no occurrence in 10 years/);
  });

  test("D181 a list of thousands is refused without being read", async () => {
    const list = Array.from({ length: 30_000 }, (_, at) => at % 60).join(",");
    await server.refuses(expression, [cron(`${list} * * * *`)], creating("d181"));
    const calendar = { minutes: Array.from({ length: 30_000 }, (_, at) => at % 60), timeZone: "UTC" };
    const spec: Spec = { spec: { case: "calendar", value: calendar } };
    await server.refuses(invalid("settings.spec.calendar.minutes"), [spec], creating("d181"));
  });

  test("D182 a time zone is one that there is", async () => {
    const zones = ["Mars/Olympus", " ", "EST5EDT;", "+25:00", "+05:30", "x".repeat(10_000), "../etc/passwd"];
    await server.refuses(
      invalid("settings.spec.cron.time_zone"),
      zones.map((zone) => cron("0 0 * * *", zone)),
      creating("d182"),
    );
  });

  test("D184 a time that comes twice in a night is due once", async () => {
    const startTime = utc(2030, 11, 3);
    const spec = { ...cron("30 1 * * *", "America/New_York"), startTime };
    expect(await slotsOf("d184", spec, 2)).toEqual([utc(2030, 11, 3, 5, 30), utc(2030, 11, 4, 6, 30)]);
  });

  test("D185 a time that does not come in a night is due once", async () => {
    const startTime = utc(2030, 10, 5);
    const spec = { ...cron("15 2 * * *", "Australia/Lord_Howe"), startTime };
    expect(await slotsOf("d185", spec, 3)).toEqual([
      utc(2030, 10, 5, 15, 30),
      utc(2030, 10, 6, 15, 15),
      utc(2030, 10, 7, 15, 15),
    ]);
  });

  test("D187 an end before the start is refused, and a start long ago is caught up with in bounds", async () => {
    const backwards = { ...cron("* * * * *"), startTime: utc(2031, 1), endTime: utc(2030, 1) };
    await server.refuses(invalid("settings.spec.end_time"), [backwards], creating("d187"));
    const every = { seconds: 1n };
    const { schedule } = await creating("d187")({
      ...{ spec: { case: "interval", value: { every } }, startTime: timestampFromMs(0) },
    });
    const made = Number(schedule?.createTime?.seconds);
    expect(Number(schedule?.nextTime?.seconds) - made).toBeLessThanOrEqual(1);
    await server.caller(way).schedules.deleteSchedule({ scheduleId: own("d187") });
  });

  test("D188 a place is on the earth, and its polar nights are passed over", async () => {
    const at = (latitude: number, longitude: number, event = SolarEvent.SUNRISE): Spec => ({
      spec: { case: "solar", value: { event, latitude, longitude } },
    });
    await server.refuses(
      invalid("settings.spec.solar.latitude"),
      [at(91, 0), at(-90.1, 0)],
      creating("d188"),
    );
    await server.refuses(invalid("settings.spec.solar.longitude"), [at(0, 181)], creating("d188"));
    await server.refuses(invalid("settings.spec.solar"), [at(90, 0)], creating("d188"));
    const spec = { ...at(78.2, 15.6), startTime: utc(2030, 12, 1) };
    const [first] = await slotsOf("d188", spec, 1);
    const months = (Number(first?.seconds) * 1000 - Date.UTC(2030, 11, 1)) / 86_400_000 / 30;
    expect(months).toBeGreaterThan(2);
    expect(months).toBeLessThan(3);
  });

  test("D190 an update of an old revision is told the one that there is", async () => {
    const { schedules } = server.caller(way);
    const scheduleId = own("d190");
    await creating("d190")(cron("0 0 1 1 *"));
    const update = (expectedRevision: bigint) =>
      schedules.updateSchedule({ scheduleId, settings: settings(cron("0 0 1 2 *")), expectedRevision });
    await update(1n);
    await server.refuses(refused(Code.Aborted, "REVISION_CONFLICT"), [1n, 3n, 1n << 60n], update);
    await server.refuses(invalid("expected_revision"), [0n, -1n], update);
    expect((await schedules.getSchedule({ scheduleId })).schedule?.revision).toBe(2n);
    await schedules.deleteSchedule({ scheduleId });
  });

  test("D191 one schedule more than there may be is refused", async () => {
    const { schedules } = server.caller(way);
    const ids = Array.from({ length: schedulesMax }, (_, at) => own(`d191-${at}`));
    const create = (scheduleId: string) =>
      schedules.createSchedule({ scheduleId, settings: settings(cron("0 0 1 1 *")) });
    for (const id of ids) await create(id);
    await server.refuses(
      refused(Code.ResourceExhausted, "SCHEDULE_LIMIT_REACHED"),
      [own("d191-more")],
      create,
    );
    const more = { scheduleId: own("d191-more"), settings: settings(cron("0 0 1 1 *")) };
    await server.refuses(refused(Code.ResourceExhausted, "SCHEDULE_LIMIT_REACHED"), [true, false], (dryRun) =>
      schedules.applySchedules({ schedules: [more], dryRun }),
    );
    for (const scheduleId of ids) await schedules.deleteSchedule({ scheduleId });
  });

  test("texts of schedules that are hostile are refused, and no part of them is kept", async () => {
    const { schedules } = server.caller(way);
    const apply = (document: string) => schedules.applySchedules({ document, prune: {} });
    const good = `schedules:\n  ${own("good")}:\n    spec: { cron: { expression: "@yearly" } }\n    task: { name: a }\n`;
    const lists = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`);
    const bad = [
      `a0: &a0 lol\n${lists.join("\n")}\n${good}`,
      `${good}    description: !!js/function x\n`,
      `${good}    description: !!binary aGk=\n`,
      `${good}${good.slice(good.indexOf("\n") + 1)}`,
      `${good}---\n${good}`,
      `${good}    task: { args: { value: ${"[".repeat(1000)}${"]".repeat(1000)} } }\n`,
      `schedules: ${"{a: ".repeat(10_000)}`,
      `schedules: ${"- ".repeat(30_000)}`,
      `schedules: [${",".repeat(30_000)}]`,
      `${good}    description: "${"\\q".repeat(10_000)}"\n`,
      `${good}\u0000`,
    ];
    for (const document of bad) {
      const { fields, ...refusal } = await refusalOf(apply(document));
      expect(refusal).toMatchObject({ code: Code.InvalidArgument, reason: "FIELD_INVALID" });
      expect(new Set(fields)).toEqual(new Set(["document"]));
    }
    await server.refuses(tooLarge("PAYLOAD_TOO_LARGE", "document"), [`${good}#${"x".repeat(65_536)}`], apply);
    const many = Array.from({ length: 1001 }, (_, at) => `"${at}": 1`).join();
    await server.refuses(tooLarge("BATCH_TOO_LARGE", "document"), [`{"schedules": {${many}}}`], apply);
    const item = { scheduleId: "a", settings: settings(cron("@yearly")) };
    const list = Array.from({ length: 1001 }, () => item);
    await server.refuses(invalid("schedules"), [list], (all) => schedules.applySchedules({ schedules: all }));
    await server.refuses(invalid("prune.id_prefix"), ["a b", "x".repeat(129)], (idPrefix) =>
      schedules.applySchedules({ document: good, prune: { idPrefix } }),
    );
    expect((await schedules.listSchedules({})).schedules).toEqual([]);
  });
});

test("D194 a clock that jumps by a year fires no more than the catch-up says", async () => {
  const beat = await openBeat({ limits: { scheduleHistoryMax: 1_000_000 } });
  const second = { kind: "interval", everyMs: 1000, anchor: beat.clock.now() } as const;
  const horizonMs = 366 * 86_400_000;
  await beat.make({ spec: second, catchUp: { kind: "all", max: 1000, horizonMs } }, "all");
  await beat.make({ spec: second, catchUp: { kind: "one" } }, "one");
  await beat.clock.jump(365 * 86_400_000);
  await beat.skipTo(beat.clock.now() + 1);
  const [all, one] = [await beat.startedSlots("all"), await beat.startedSlots("one")];
  expect([all.length, one.length]).toEqual([1000, 1]);
  await beat.close();
});
