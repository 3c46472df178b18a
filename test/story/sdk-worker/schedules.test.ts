import {
  at,
  calendar,
  chain,
  connect,
  cron,
  defineTask,
  every,
  group,
  type ScheduleSettings,
  type ScheduleSlot,
  type ScheduleSpec,
  type StemClient,
  solar,
} from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add", options: { queue: "sums" } });

const target = add.call([1, 2]);
const yearly = { spec: cron("0 0 1 1 *"), target };
const day = 86_400_000;

/** The newest slot of a schedule of which that is true. */
const slotWhere = (
  stem: StemClient,
  id: string,
  is: (slot: ScheduleSlot) => boolean,
): Promise<ScheduleSlot> =>
  until(async () => (await Array.fromAsync(stem.schedules.history(id))).find(is), {
    ...{ deadlineMs: 50_000, what: `a slot of ${id}` },
  });

const hasSucceeded = ({ outcome }: ScheduleSlot): boolean =>
  outcome?.kind === "started" && outcome.state === "succeeded";

test("a schedule starts a task again and again, which a worker runs", async () => {
  const { stem, work } = await startStem();
  const runs: (readonly [number, number])[] = [];
  await work({ queues: ["sums"], tasks: [implement(add, (_, a, b) => runs.push([a, b]))] });
  const made = await stem.schedules.create("sum", { spec: every({ seconds: 1 }), target, maxRuns: 2 });
  expect(made).toMatchObject({ id: "sum", revision: 1, fired: 0, end: undefined });
  expect(made.nextAt).toBeInstanceOf(Date);
  await slotWhere(
    stem,
    "sum",
    ({ slotAt, outcome }) => slotAt > (made.nextAt as Date) && outcome !== undefined,
  );
  await until(() => runs.length === 2, { deadlineMs: 50_000, what: "two runs" });
  expect(runs).toEqual([
    [1, 2],
    [1, 2],
  ]);
  const after = await stem.schedules.get("sum");
  expect(after).toMatchObject({ fired: 2, end: "max_runs", nextAt: undefined });
  if (after.last?.kind !== "task") throw new Error("no task was started");
  expect(await stem.handle(add, after.last.id).result()).toBe(2);
  const slots = await Array.fromAsync(stem.schedules.history("sum"));
  expect(slots.map(({ slotAt }) => Number(slotAt) - Number(made.nextAt))).toEqual([1000, 0]);
  expect(slots[0]).toMatchObject({
    ...{ cause: "due", requestId: undefined, outcome: { kind: "started", started: after.last } },
  });
});

test("a schedule starts a canvas", async () => {
  const { stem, work } = await startStem();
  await work({ queues: ["sums"], tasks: [implement(add, (_, a, b) => a + b)] });
  const canvas = chain(add.signature([1, 2]), group(add.s([10]), add.s([20])));
  await stem.schedules.create("tree", {
    ...{ spec: at(new Date(Date.now() - 1000)), overlap: "skip" },
    target: { canvas, name: "sums", tags: ["nightly"], deadlineMs: 60_000 },
  });
  const { outcome } = await slotWhere(stem, "tree", hasSucceeded);
  if (outcome?.kind !== "started") throw new Error("nothing was started");
  expect(outcome.started.kind).toBe("canvas");
  const handle = stem.canvas<readonly number[]>(outcome.started.id);
  expect(await handle.result()).toEqual([13, 23]);
  expect(await handle.get()).toMatchObject({ name: "sums", tags: ["nightly"] });
  expect((await stem.schedules.get("tree")).settings.target).toEqual({
    ...{ kind: "canvas", name: "sums", tags: ["nightly"], taskNames: ["add", "add", "add"] },
    ...{ deadlineMs: 60_000, resultRetentionMs: undefined },
  });
});

test("what a schedule starts is a task like any other: routed as it fires, tried again, and told when it has ended", async () => {
  const { stem, work } = await startStem();
  const flaky = defineTask<[], string>({
    name: "flaky",
    options: { retry: { baseDelayMs: 1, jitter: "none" } },
  });
  await work({
    queues: ["elsewhere"],
    tasks: [
      implement(flaky, ({ attempt }) => {
        if (attempt === 1) throw new Error("not yet");
        return "done";
      }),
    ],
  });
  await stem.schedules.create("flaky", { ...yearly, target: flaky.call() });
  const rules = "queues: { elsewhere: }\nroutes: [{ match: { task: flaky }, target: elsewhere }]\n";
  await stem.routing.replace(rules, { revision: 0 });
  const triggered = await stem.schedules.trigger("flaky");
  if (triggered.kind !== "started") throw new Error("nothing was started");
  const handle = stem.handle(flaky, triggered.started.id);
  expect(await handle.result()).toBe("done");
  expect(await handle.status()).toMatchObject({ queue: "elsewhere", attempt: 2, state: "succeeded" });
  expect(await slotWhere(stem, "flaky", hasSucceeded)).toMatchObject({ cause: "trigger" });
});

test("a schedule is made once, changed by its revision, and removed", async () => {
  const { stem } = await startStem();
  const settings: ScheduleSettings = {
    spec: cron("30 2 * * *", { timeZone: "Europe/Paris", startAt: new Date(Date.UTC(2030, 0, 1)) }),
    target: add.call([1, 2], { tags: ["nightly"] }),
    ...{ catchUp: { withinMs: 3_600_000 }, overlap: "skip", jitterMs: 60_000, maxRuns: 9, priority: 3 },
    ...{ removeWhenOver: true, description: "sums", expireAt: new Date(Date.UTC(2031, 0, 1)) },
  };
  const made = await stem.schedules.create("night", settings);
  expect(made.settings).toEqual({
    ...{ ...settings, isDisabled: false },
    target: { kind: "task", name: "add", args: [1, 2], options: { queue: "sums", tags: ["nightly"] } },
  });
  expect(made.nextAt).toEqual(new Date(Date.UTC(2030, 0, 1, 1, 30)));
  expect(await stem.schedules.create("night", settings), "the same again").toEqual(made);
  await expect(stem.schedules.create("night", { ...settings, priority: 4 })).rejects.toMatchObject({
    reason: "SCHEDULE_EXISTS",
  });

  const changed = await stem.schedules.update(
    "night",
    { priority: undefined, overlap: "allow" },
    { revision: 1 },
  );
  expect(changed).toMatchObject({ revision: 2, nextAt: made.nextAt });
  expect(changed.settings).toEqual({ ...made.settings, priority: undefined, overlap: "allow" });
  await expect(stem.schedules.update("night", { priority: 1 }, { revision: 1 })).rejects.toMatchObject({
    reason: "REVISION_CONFLICT",
  });
  const anew = await stem.schedules.update("night", { spec: cron("0 4 * * *"), target: add.call([3, 4]) });
  expect(anew.settings).toMatchObject({ target: { args: [3, 4] }, description: "sums" });
  expect(anew.revision).toBe(3);

  await expect(stem.schedules.delete("night", { revision: 1 })).rejects.toMatchObject({
    reason: "REVISION_CONFLICT",
  });
  expect(await stem.schedules.delete("night", { revision: 3 })).toBe(true);
  expect(await stem.schedules.delete("night")).toBe(false);
  await expect(stem.schedules.get("night")).rejects.toMatchObject({ reason: "SCHEDULE_UNKNOWN" });
  await expect(stem.schedules.update("night", {})).rejects.toMatchObject({ reason: "SCHEDULE_UNKNOWN" });
});

test("changes by several at once without a revision are all made", async () => {
  const { stem, url } = await startStem();
  await stem.schedules.create("shared", yearly);
  const other = connect({ url });
  onTestFinished(() => other.close());
  await Promise.all([
    stem.schedules.update("shared", { priority: 7 }),
    other.schedules.update("shared", { maxRuns: 5 }),
    stem.schedules.update("shared", { description: "both" }),
  ]);
  expect(await stem.schedules.get("shared")).toMatchObject({
    ...{ revision: 4, settings: { priority: 7, maxRuns: 5, description: "both" } },
  });
});

test("a spec of each kind is kept as it was said, and refused where it makes no sense", async () => {
  const { stem } = await startStem();
  const specs: readonly ScheduleSpec[] = [
    every({ minutes: 90 }, { anchorAt: new Date(Date.UTC(2020, 0, 1)) }),
    cron("@daily"),
    calendar({ weekdays: [1], monthDays: [-1], hours: [9], minutes: [0], timeZone: "America/New_York" }),
    solar("sunset", { latitude: 52.5, longitude: 13.4, offsetMs: -600_000 }),
    at(new Date(Date.now() + day)),
  ];
  for (const spec of specs) {
    const { settings, nextAt } = await stem.schedules.create(spec.kind, { spec, target });
    expect(settings.spec).toEqual(spec);
    expect(nextAt).toBeInstanceOf(Date);
  }
  const listed = await Array.fromAsync(stem.schedules.list());
  expect(listed.map(({ id }) => id)).toEqual(["calendar", "clocked", "cron", "interval", "solar"]);
  const refusal = (settings: Parameters<StemClient["schedules"]["create"]>[1]) =>
    stem.schedules.create("bad", settings).catch(({ violations }) => violations[0].field);
  expect(await refusal({ spec: cron("61 * * * *"), target })).toBe("settings.spec.cron.expression");
  expect(await refusal({ spec: every({ ms: 1 }), target })).toBe("settings.spec.interval.every");
  expect(await refusal({ ...yearly, target: add.call([1, 2], { id: "mine" }) })).toBe("settings.task.id");
});

test("a schedule is paused with who and why, tells what comes, and goes on", async () => {
  const { stem } = await startStem();
  await stem.schedules.create("paused", { ...yearly, maxRuns: 2 });
  const { pause } = await stem.schedules.pause("paused", { note: "deploy", requester: "ann" });
  expect(pause).toEqual({ note: "deploy", by: "ann", pausedAt: expect.any(Date) });
  const comes = await stem.schedules.preview("paused", { count: 1 });
  expect(comes).toMatchObject([{ cause: "due", decidedAt: undefined, outcome: { reason: "paused" } }]);
  expect((await stem.schedules.resume("paused")).pause).toBeUndefined();
  const outcomes = (await stem.schedules.preview("paused", { count: 3 })).map(({ outcome }) => outcome);
  expect(outcomes).toEqual([undefined, undefined, { kind: "skipped", reason: "max_runs" }]);
  expect(await stem.schedules.preview("paused")).toHaveLength(10);
  const disabled = await stem.schedules.update("paused", { isDisabled: true });
  expect(disabled).toMatchObject({ nextAt: undefined, end: undefined, settings: { isDisabled: true } });
});

test("a schedule is triggered, once for each request", async () => {
  const { stem } = await startStem();
  await stem.schedules.create("asked", { ...yearly, overlap: "skip" });
  const first = await stem.schedules.trigger("asked", { requestId: "1" });
  if (first.kind !== "started") throw new Error("nothing was started");
  expect((await stem.handle(add, first.started.id).status()).queue).toBe("sums");
  const again = await stem.schedules.trigger("asked", { requestId: "1" });
  expect(again).toEqual({ kind: "repeated", started: first.started });
  expect(await stem.schedules.trigger("asked")).toMatchObject({ kind: "skipped", reason: "still_running" });
  expect(await stem.schedules.trigger("asked", { overlap: "queue_one" })).toEqual({ kind: "waiting" });
  const beside = await stem.schedules.trigger("asked", { overlap: "allow" });
  expect(beside).toMatchObject({ kind: "started", started: { kind: "task" } });
  const known = await stem.schedules.get("asked");
  expect(known).toMatchObject({ fired: 0, waitingAt: expect.any(Date) });
  await expect(stem.schedules.trigger("nothing")).rejects.toMatchObject({ reason: "SCHEDULE_UNKNOWN" });
});

test("slots of the past are started, and the history is read to its end", async () => {
  const { stem } = await startStem();
  await stem.schedules.create("past", { spec: cron("0 0 1 * *"), target });
  const range = { from: new Date(Date.UTC(2012, 0, 1)), to: new Date(Date.UTC(2020, 0, 1)), requestId: "b" };
  const done = await stem.schedules.backfill("past", range);
  expect(done).toHaveLength(96);
  expect(done[0]).toMatchObject({
    ...{ slotAt: range.from, cause: "backfill", requestId: "b", outcome: { kind: "started" } },
  });
  expect(new Set(done.map(({ outcome }) => outcome?.kind === "started" && outcome.started.id)).size).toBe(96);
  expect((await stem.queues.get("sums")).depth.ready).toBe(96);
  await stem.schedules.backfill("past", range);
  expect((await stem.queues.get("sums")).depth.ready, "the same request starts nothing again").toBe(96);
  await stem.schedules.backfill("past", { from: range.from, to: new Date(Date.UTC(2012, 11, 31)) });
  expect((await stem.queues.get("sums")).depth.ready, "another one does").toBe(108);
  const kept = await Array.fromAsync(stem.schedules.history("past"));
  expect(kept).toHaveLength(100);
  expect(kept.at(0)).toMatchObject({ slotAt: new Date(Date.UTC(2012, 11, 1)), outcome: { state: "ready" } });
});

test("schedules are applied as they are said: what is the same stays, what is not named goes where that is asked", async () => {
  const { stem } = await startStem();
  await stem.schedules.create("other", yearly);
  const said = { "sums/a": yearly, "sums/b": { ...yearly, overlap: "skip" } } as const;
  const verdicts = async (...wish: Parameters<typeof stem.schedules.apply>) =>
    (await stem.schedules.apply(...wish)).map(({ id, verdict, revision }) => [id, verdict, revision]);
  const created = [
    ["sums/a", "created", 1],
    ["sums/b", "created", 1],
  ];
  expect(await verdicts(said, { isDryRun: true })).toEqual(created);
  expect(await Array.fromAsync(stem.schedules.list())).toHaveLength(1);
  expect(await verdicts(said)).toEqual(created);
  await stem.schedules.pause("sums/a");
  const changed = { ...said, "sums/b": { ...yearly, overlap: "queue_one", jitterMs: 1000 } } as const;
  expect(await stem.schedules.apply(changed)).toEqual([
    { id: "sums/a", verdict: "unchanged", revision: 2, changedFields: [] },
    { id: "sums/b", verdict: "updated", revision: 2, changedFields: ["overlap", "jitter"] },
  ]);
  const document = "schedules: { sums/c: { spec: { interval: { every: 90s } }, task: { name: add } } }";
  expect(await verdicts(document, { prunePrefix: "sums/" })).toEqual([
    ["sums/c", "created", 1],
    ["sums/a", "deleted", 0],
    ["sums/b", "deleted", 0],
  ]);
  expect(await verdicts({}, { prunePrefix: "" })).toEqual([
    ["other", "deleted", 0],
    ["sums/c", "deleted", 0],
  ]);
  await expect(stem.schedules.apply({ "sums/a": { ...yearly, maxRuns: 0 } })).rejects.toMatchObject({
    reason: "FIELD_INVALID",
  });
});

test("schedules are those of the client's namespace", async () => {
  const { stem, url } = await startStem();
  await stem.namespaces.create("acme");
  const tenant = connect({ url, namespace: "acme" });
  onTestFinished(() => tenant.close());
  await tenant.schedules.create("mine", yearly);
  await expect(stem.schedules.get("mine")).rejects.toMatchObject({ reason: "SCHEDULE_UNKNOWN" });
  await tenant.schedules.trigger("mine");
  expect((await tenant.queues.get("sums")).depth.ready).toBe(1);
  expect(await Array.fromAsync(stem.schedules.list())).toEqual([]);
});
