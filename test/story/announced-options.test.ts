import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { TaskDefinitionSchema } from "@stem/proto/stem/v1/task_definition_pb";
import { AckMode, NewTaskSchema, TaskOptionsSchema } from "@stem/proto/stem/v1/task_pb";
import { UniqueConflict } from "@stem/proto/stem/v1/unique_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isProblem } from "../../server/src/api/convert/checked.ts";
import { createNewTaskReader } from "../../server/src/api/convert/new-task.ts";
import { readDefinitions } from "../../server/src/api/convert/task-definition.ts";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Task } from "../../server/src/model/task.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { openRooms, type Rooms } from "../support/rooms.ts";

type Options = MessageInitShape<typeof TaskOptionsSchema>;

/** One option: what a definition says, what a call says over it, and what the task then has. Nothing said: the server's default. */
type Row = {
  readonly announced: Options;
  readonly own: Options;
  readonly has: (task: Task, acceptedAt: number) => unknown;
  readonly otherwise: unknown;
  readonly byDefinition: unknown;
  readonly byCall: unknown;
};

const seconds = (count: number) => ({ seconds: BigInt(count) });
const startIn = (count: number): Options => ({ start: { case: "delay", value: seconds(count) } });
const expireAfter = (count: number): Options => ({ expiry: { case: "expireAfter", value: seconds(count) } });
const noKey = { key: undefined, ended: undefined };
const claimOf = ({ claim, policy }: Task) => ({ key: claim?.key, ended: policy.unique?.until });

const rows: Readonly<Record<string, Row>> = {
  priority: row({ priority: 8 }, { priority: 0 }, (task) => task.priority, [5, 8, 0]),
  max_attempts: row({ maxAttempts: 9 }, { maxAttempts: 4 }, ({ policy }) => policy.maxAttempts, [4, 9, 4]),
  max_deliveries: row(
    { maxDeliveries: 9 },
    { maxDeliveries: 20 },
    ({ policy }) => policy.maxDeliveries,
    [20, 9, 20],
  ),
  retry: row(
    { retry: { delays: [seconds(1)], retryFor: ["A"], neverFor: ["B"] } },
    { retry: {} },
    ({ policy: { retry } }) => [retry.baseMs, retry.delaysMs, retry.retryFor, retry.neverFor],
    [
      [2000, undefined, undefined, undefined],
      [2000, [1000], ["A"], ["B"]],
      [2000, undefined, undefined, undefined],
    ],
  ),
  delay: row(startIn(60), startIn(0), (task, at) => task.notBefore && task.notBefore - at, [
    undefined,
    60_000,
    undefined,
  ]),
  time_limit: row({ timeLimit: seconds(60) }, { timeLimit: seconds(1) }, ({ policy }) => policy.timeLimitMs, [
    undefined,
    60_000,
    1000,
  ]),
  soft_time_limit: row(
    { softTimeLimit: seconds(60) },
    { softTimeLimit: seconds(1) },
    ({ policy }) => policy.softTimeLimitMs,
    [undefined, 60_000, 1000],
  ),
  lease_duration: row(
    { leaseDuration: seconds(60) },
    { leaseDuration: seconds(20) },
    ({ policy }) => policy.leaseMs,
    [undefined, 60_000, 20_000],
  ),
  result_retention: row(
    { resultRetention: seconds(60) },
    { resultRetention: seconds(0) },
    ({ policy }) => policy.retentionMs,
    [86_400_000, 60_000, 0],
  ),
  expire_after: row(expireAfter(60), expireAfter(90), ({ policy }) => policy.expireMs, [
    undefined,
    60_000,
    90_000,
  ]),
  start_within: row(
    { startWithin: seconds(60) },
    { startWithin: seconds(1) },
    ({ policy }) => policy.startWithinMs,
    [undefined, 60_000, 1000],
  ),
  ack: row({ ack: AckMode.EARLY }, { ack: AckMode.LATE }, ({ policy }) => policy.ackEarly ?? false, [
    false,
    true,
    false,
  ]),
  ignore_result: row(
    { ignoreResult: true },
    { ignoreResult: false },
    ({ policy }) => policy.ignoreResult ?? false,
    [false, true, false],
  ),
  limit_key: row({ limitKey: "a" }, { limitKey: "" }, ({ ties }) => ties?.limitKey, [
    undefined,
    "a",
    undefined,
  ]),
  ordering_key: row({ orderingKey: "a" }, { orderingKey: "" }, ({ ties }) => ties?.orderingKey, [
    undefined,
    "a",
    undefined,
  ]),
  fairness_key: row({ fairnessKey: "a" }, { fairnessKey: "" }, ({ ties }) => ties?.fairnessKey, [
    undefined,
    "a",
    undefined,
  ]),
  required_labels: row(
    { requiredLabels: { gpu: "yes", zone: "eu" } },
    { requiredLabels: { zone: "us" } },
    ({ ties }) => ties?.labels,
    [undefined, { gpu: "yes", zone: "eu" }, { gpu: "yes", zone: "us" }],
  ),
  unique: row(
    { unique: { by: { case: "key", value: "k" }, onConflict: UniqueConflict.REJECT } },
    { unique: { by: { case: "none", value: true } } },
    claimOf,
    [noKey, { key: "k", ended: "ended" }, noKey],
  ),
  keep_newest: row({ keepNewest: { count: 5n } }, { keepNewest: {} }, ({ policy }) => policy.keepNewest, [
    undefined,
    { count: 5 },
    undefined,
  ]),
};

/** A date is no default of all tasks. */
const dates = ["not_before_time", "expire_time"];
/** Nor is what follows one. */
const links = ["link", "link_error"];

function row(
  announced: Options,
  own: Options,
  has: Row["has"],
  [otherwise, byDefinition, byCall]: readonly [unknown, unknown, unknown],
): Row {
  return { announced, own, has, otherwise, byDefinition, byCall };
}

test("every option has a row", () => {
  const names = TaskOptionsSchema.fields.map(({ name }) => name);
  expect([...Object.keys(rows), ...dates, ...links].toSorted()).toEqual(names.toSorted());
});

const rules = "queues: { elsewhere: }\nroutes: [{ match: { task: x }, target: elsewhere }]";

describe.each([
  ["without rules", undefined],
  ["with rules", rules],
])("%s", (_, routing) => {
  let rooms: Rooms;
  beforeAll(async () => {
    rooms = await openRooms();
    if (routing !== undefined) await rooms.routing.replace(defaultNamespace, routing, 0);
  });
  afterAll(() => rooms.close());

  async function enqueue(name: string, options: Options | undefined): Promise<[Task, number]> {
    const now = rooms.clock.now();
    const read = createNewTaskReader(rooms);
    const id = `${name}-${options === undefined ? "silent" : "says"}`;
    const message = create(NewTaskSchema, { id, name, ...(options && { options }) });
    const submission = read(message, defaultNamespace, now);
    if (isProblem(submission)) throw new Error(JSON.stringify(submission));
    const [verdict] = await rooms.broker.enqueue(defaultNamespace, [submission], false);
    expect(verdict).toMatchObject({ kind: "stored" });
    return [await rooms.read(id), now];
  }

  test.each(Object.entries(rows))(
    "%s is the worker's where nobody says it, and the call's where it does, to nothing and the default too",
    async (option, { announced, own, has, ...expected }) => {
      const untold = await enqueue(`untold-${option}`, undefined);
      expect(has(...untold), "by default").toEqual(expected.otherwise);
      const definition = create(TaskDefinitionSchema, { name: option, options: announced });
      await rooms.worker({ definitions: readDefinitions([definition], rooms) });
      expect(has(...(await enqueue(option, undefined))), "by definition").toEqual(expected.byDefinition);
      expect(has(...(await enqueue(option, own))), "by the call").toEqual(expected.byCall);
    },
  );

  test("another option that a call says leaves the announced one alone", async () => {
    const options: Options = { ack: AckMode.EARLY, limitKey: "a", requiredLabels: { gpu: "yes" } };
    const definition = create(TaskDefinitionSchema, { name: "both", options });
    await rooms.worker({ definitions: readDefinitions([definition], rooms) });
    const [task] = await enqueue("both", { ignoreResult: true, orderingKey: "o" });
    expect(task).toMatchObject({
      policy: { ackEarly: true, ignoreResult: true },
      ties: { limitKey: "a", orderingKey: "o", labels: { gpu: "yes" } },
    });
  });
});

test("all of it is there after a restart", async () => {
  const store = createMemoryStore({ limits });
  const before = await openRooms({ store });
  const options: Options = {
    expiry: { case: "expireAfter", value: seconds(60) },
    ...{ limitKey: "a", keepNewest: { bytes: 9n } },
    unique: { window: seconds(60) },
  };
  const definition = create(TaskDefinitionSchema, { name: "n", options });
  await before.worker({ definitions: readDefinitions([definition], before) });
  await before.close();
  const rooms = await openRooms({ store });
  const read = createNewTaskReader(rooms);
  const submission = read(create(NewTaskSchema, { id: "a", name: "n" }), defaultNamespace, rooms.clock.now());
  if (isProblem(submission)) throw new Error("refused");
  await rooms.broker.enqueue(defaultNamespace, [submission], false);
  expect(await rooms.read("a")).toMatchObject({
    policy: { expireMs: 60_000, keepNewest: { bytes: 9 }, unique: { until: "ended" } },
    ties: { limitKey: "a" },
    claim: { key: expect.stringContaining("sha256:") },
  });
  await rooms.close();
  await store.close();
});

test("tasks are debounced where the worker says so, and start when the call says otherwise", async () => {
  const rooms = await openRooms();
  const unique: Options["unique"] = { debounce: { delay: seconds(10) } };
  const definition = create(TaskDefinitionSchema, { name: "n", options: { unique } });
  await rooms.worker({ definitions: readDefinitions([definition], rooms) });
  const read = createNewTaskReader(rooms);
  const { clock } = rooms;
  const enqueue = async (id: string, options: Options = {}) => {
    const submission = read(create(NewTaskSchema, { id, name: "n", options }), defaultNamespace, clock.now());
    if (isProblem(submission)) throw new Error("refused");
    return (await rooms.broker.enqueue(defaultNamespace, [submission], false))[0];
  };
  await enqueue("a");
  expect((await rooms.read("a")).notBefore).toBe(clock.now() + 10_000);
  await clock.advance(4000);
  expect(await enqueue("b")).toMatchObject({ taskId: "a" });
  expect((await rooms.read("a")).notBefore).toBe(clock.now() + 10_000);
  await enqueue("c", startIn(60));
  expect((await rooms.read("a")).notBefore).toBe(clock.now() + 60_000);
  await rooms.close();
});

test.each(dates)("%s is refused in a definition", async (field) => {
  const value = { seconds: 1n };
  const options: Options =
    field === "expire_time"
      ? { expiry: { case: "expireTime", value } }
      : { start: { case: "notBeforeTime", value } };
  const rooms = await openRooms();
  const definition = create(TaskDefinitionSchema, { name: "n", options });
  const description = "must be left out: a date is no default";
  expect(() => readDefinitions([definition], rooms)).toThrow(
    expect.objectContaining({
      problem: {
        reason: "FIELD_INVALID",
        violations: [{ field: `hello.definitions[0].options.${field}`, description }],
      },
    }),
  );
  await rooms.close();
});
