import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import type { ScheduleSettingsSchema } from "@stem/proto/stem/v1/schedule_pb";
import {
  type ApplySchedulesRequestSchema,
  ApplyVerdict,
  ScheduleService,
} from "@stem/proto/stem/v1/schedule_service_pb";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { wireTransports, wordOf } from "../support/wire-transports.ts";
import { invalid, refusalOf, refused } from "./bad-input/refusal.ts";

type Settings = MessageInitShape<typeof ScheduleSettingsSchema>;
type Apply = MessageInitShape<typeof ApplySchedulesRequestSchema>;

const schedulesMax = 12;
let server: WireServer;
beforeAll(async () => {
  const namespaces = ["default", ...wireTransports.map(([name]) => namespaceOf(name))];
  server = await startWireServer({ limits: { schedulesPerNamespaceMax: schedulesMax }, namespaces });
});
afterAll(() => server.close());

const namespaceOf = (way: string): string => `apply-${wordOf(way)}`;

const { CREATED, UPDATED, UNCHANGED, DELETED } = ApplyVerdict;

/** Once a year, a task, but for what is said otherwise. */
const yearly = (own: Settings = {}): Settings =>
  ({
    spec: { spec: { case: "cron", value: { expression: "0 0 1 1 *" } } },
    target: { case: "task", value: { name: "report.send", headers: { a: "1", b: "2" } } },
    ...own,
  }) as Settings;

const text = (ids: readonly string[], more = ""): string =>
  `schedules:${ids.map((id) => `\n  ${id}:\n    spec: { cron: { expression: 0 0 1 1 * } }\n    task: { name: report.send, headers: { b: "2", a: "1" } }\n${more}`).join("")}`;

describe.each(wireTransports)("over %s", (name, open) => {
  // A namespace of its own, so that everything in it may be pruned.
  const namespace = namespaceOf(name);
  const connect = () => {
    const transport = open(server.url);
    const schedules = createClient(ScheduleService, transport);
    const slots = createClient(ScheduleSlotService, transport);
    const apply = async (request: Apply) => {
      const { schedules: applied } = await schedules.applySchedules({ namespace, ...request });
      return applied.map(({ scheduleId, verdict, revision, changedFields }) => [
        ...[scheduleId, verdict, Number(revision), ...changedFields],
      ]);
    };
    const ids = async () => (await schedules.listSchedules({ namespace })).schedules.map(({ id }) => id);
    const clear = () => apply({ document: "schedules: {}", prune: {} });
    return { schedules, slots, apply, ids, clear };
  };

  test("schedules are made as a text says them, and applying it again writes nothing", async () => {
    const { apply, schedules, clear } = connect();
    const document = text(["b", "a"]);
    expect(await apply({ document })).toEqual([
      ["b", CREATED, 1],
      ["a", CREATED, 1],
    ]);
    const { schedule } = await schedules.getSchedule({ namespace, scheduleId: "b" });
    expect(schedule?.nextTime).toBeDefined();
    const again = [
      ["b", UNCHANGED, 1],
      ["a", UNCHANGED, 1],
    ];
    expect(await apply({ document })).toEqual(again);
    expect((await schedules.getSchedule({ namespace, scheduleId: "b" })).schedule).toEqual(schedule);
    const list = ["b", "a"].map((scheduleId) => ({ scheduleId, settings: yearly() }));
    expect(await apply({ schedules: list })).toEqual(again);
    await clear();
  });

  test("what is said by default is the same as what is left out", async () => {
    const { apply, clear } = connect();
    await apply({ document: text(["a"]) });
    const said = `    catch_up: { newest: true }\n    overlap: SCHEDULE_OVERLAP_ALLOW\n    jitter: 0s\n    disabled: false\n`;
    const zone = text(["a"], said).replace("1 1 * }", '1 1 *, timeZone: "UTC" }');
    expect(await apply({ document: zone })).toEqual([["a", UNCHANGED, 1]]);
    await clear();
  });

  test("what is otherwise is updated and told field by field; a pause stays", async () => {
    const { apply, schedules, clear } = connect();
    await apply({ document: text(["a", "b"]) });
    await schedules.pauseSchedule({ namespace, scheduleId: "a", note: "deploy" });
    const settings = yearly({
      spec: { spec: { case: "interval", value: { every: { seconds: 60n } } } },
      target: { case: "task", value: { name: "report.other" } },
      ...{ jitter: { seconds: 1n }, maxRuns: 3, removeWhenOver: true, description: "x" },
      catchUp: { rule: { case: "within", value: { seconds: 9n } } },
    });
    const fields = ["spec", "task", "catch_up", "jitter", "max_runs", "remove_when_over", "description"];
    const request = { schedules: [{ scheduleId: "a", settings }] };
    expect(await apply({ ...request, dryRun: true })).toEqual([["a", UPDATED, 3, ...fields]]);
    expect(await apply(request)).toEqual([["a", UPDATED, 3, ...fields]]);
    const { schedule } = await schedules.getSchedule({ namespace, scheduleId: "a" });
    expect(schedule).toMatchObject({ revision: 3n, pause: { note: "deploy" }, settings: { maxRuns: 3 } });
    expect(schedule?.nextTime).toBeUndefined();
    expect(await apply(request)).toEqual([["a", UNCHANGED, 3]]);
    const root = { node: { case: "task", value: { name: "report.send" } } } as const;
    const canvas = yearly({ target: { case: "canvas", value: { root } }, priority: 3, disabled: true });
    expect(await apply({ schedules: [{ scheduleId: "b", settings: canvas }] })).toEqual([
      ["b", UPDATED, 2, "canvas", "disabled", "priority"],
    ]);
    expect(await apply({ schedules: [{ scheduleId: "b", settings: canvas }] })).toEqual([
      ["b", UNCHANGED, 2],
    ]);
    await clear();
  });

  test("those that are not named are removed where it is asked for, by prefix, last in the answer", async () => {
    const { apply, ids, clear } = connect();
    await apply({ document: text(["app/a", "app/b", "app/c", "app", "other"]) });
    expect(await apply({ document: text(["app/b"]) })).toEqual([["app/b", UNCHANGED, 1]]);
    const prune = { idPrefix: "app/" };
    const pruned = [
      ["app/d", CREATED, 1],
      ["app/b", UNCHANGED, 1],
      ["app/a", DELETED, 0],
      ["app/c", DELETED, 0],
    ];
    const document = text(["app/d", "app/b"]);
    expect(await apply({ document, prune, dryRun: true })).toEqual(pruned);
    expect(await ids()).toEqual(["app", "app/a", "app/b", "app/c", "other"]);
    expect(await apply({ document, prune })).toEqual(pruned);
    expect(await ids()).toEqual(["app", "app/b", "app/d", "other"]);
    expect(await apply({ document, prune })).toEqual([
      ["app/d", UNCHANGED, 1],
      ["app/b", UNCHANGED, 1],
    ]);
    expect(await clear()).toHaveLength(4);
    expect(await ids()).toEqual([]);
  });

  test("one fault refuses all, and nothing is pruned", async () => {
    const { apply, ids, clear } = connect();
    await apply({ document: text(["kept"]) });
    const faulty = async (own: Settings, field: string) => {
      const list = [
        { scheduleId: "a", settings: yearly() },
        { scheduleId: "b", settings: yearly(own) },
      ];
      const found = await refusalOf(apply({ schedules: list, prune: {} }));
      expect(found).toMatchObject(invalid(`schedules[1].settings.${field}`));
    };
    await faulty(
      { spec: { spec: { case: "cron", value: { expression: "61 * * * *" } } } },
      "spec.cron.expression",
    );
    await faulty({ target: { case: "task", value: { name: "a", id: "own" } } }, "task.id");
    await faulty({ jitter: { seconds: 86_401n } }, "jitter");
    await faulty({ catchUp: { rule: { case: "within", value: { seconds: -1n } } } }, "catch_up.within");
    const document = text(
      ["a"],
      "  b:\n    spec:\n      cron:\n        expression: 0 0 30 2 *\n    task: { name: a }\n",
    );
    const { text: said } = await refusalOf(apply({ document, prune: {} }));
    expect(said).toMatch(/document: line 8: schedules\.b\.spec\.cron\.expression: no occurrence in 10 years/);
    expect(await ids()).toEqual(["kept"]);
    await clear();
  });

  test("the bound on schedules counts what is pruned and what is new", async () => {
    const { apply, ids, clear } = connect();
    const names = (letter: string) => Array.from({ length: schedulesMax }, (_, at) => `${letter}${at + 10}`);
    await apply({ document: text(names("a").slice(1)) });
    const full = refused(Code.ResourceExhausted, "SCHEDULE_LIMIT_REACHED");
    const two = { document: text(["x", "a11", "y"]) };
    expect(await refusalOf(apply(two))).toMatchObject(full);
    expect((await refusalOf(apply({ ...two, dryRun: true }))).text).toMatch(/schedule y cannot be kept/);
    expect(await ids()).toEqual(names("a").slice(1));
    expect(await apply({ document: text(names("b")), prune: {} })).toHaveLength(2 * schedulesMax - 1);
    expect(await ids()).toEqual(names("b"));
    await clear();
  });

  test("a list or a text is given, and each schedule once", async () => {
    const { apply } = connect();
    const one = { scheduleId: "a", settings: yearly() };
    const both = await refusalOf(apply({ schedules: [one], document: text(["a"]) }));
    expect(both.text).toMatch(/schedules and document: give one of them/);
    expect((await refusalOf(apply({ prune: {} }))).text).toMatch(/give one of them/);
    expect(await refusalOf(apply({ schedules: [one, one] }))).toMatchObject(
      invalid("schedules[1].schedule_id"),
    );
    expect(await refusalOf(apply({ document: "" }))).toMatchObject(invalid("document"));
  });
});
