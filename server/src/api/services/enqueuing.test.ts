import { create } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { expect, test } from "vitest";
import { createManualClock } from "../../../../test/support/manual-clock.ts";
import type { Broker, EnqueueVerdict, TaskSubmission } from "../../broker/broker.ts";
import { defaultNamespace, taskIdOf } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { createEnqueuing } from "./enqueuing.ts";

/** A broker that answers as it is told and remembers what it got. */
function enqueuingWith(answer: (task: TaskSubmission) => EnqueueVerdict) {
  const got: { readonly names: readonly string[]; readonly atomic: boolean }[] = [];
  const enqueue: Broker["enqueue"] = async (_namespace, tasks, atomic) => {
    got.push({ names: tasks.map(({ name }) => name), atomic });
    return tasks.map(answer);
  };
  const broker = { enqueue } as Broker;
  return { got, enqueuing: createEnqueuing({ broker, clock: createManualClock(), limits, defaults }) };
}

const stored = ({ id, name }: TaskSubmission): EnqueueVerdict => ({
  kind: "stored",
  taskId: id ?? taskIdOf(`made-for-${name}`),
  deduplicated: false,
});

const tasks = (...names: readonly string[]) => names.map((name) => create(NewTaskSchema, { name }));

const problemOf = async (work: Promise<unknown>): Promise<unknown> => {
  const error = await work.catch((reason: unknown) => reason);
  return error instanceof StemProblem ? error.problem : error;
};

test("good tasks of a batch go to the broker, and bad ones get their verdicts in between", async () => {
  const { got, enqueuing } = enqueuingWith(stored);
  const verdicts = await enqueuing.many(tasks("a", "", "b", "c d"), defaultNamespace, false);
  expect(got).toEqual([{ names: ["a", "b"], atomic: false }]);
  expect(verdicts).toMatchObject([
    { kind: "stored", taskId: "made-for-a" },
    { kind: "refused", problem: { violations: [{ field: "tasks[1].name" }] } },
    { kind: "stored", taskId: "made-for-b" },
    { kind: "refused", problem: { violations: [{ field: "tasks[3].name" }] } },
  ]);
});

test("a batch of nothing but bad tasks does not trouble the broker", async () => {
  const { got, enqueuing } = enqueuingWith(stored);
  const verdicts = await enqueuing.many(tasks("", ""), defaultNamespace, false);
  expect(verdicts.map(({ kind }) => kind)).toEqual(["refused", "refused"]);
  expect(got).toEqual([]);
});

test("a bad task of an atomic batch is thrown before the broker sees any", async () => {
  const { got, enqueuing } = enqueuingWith(stored);
  const problem = await problemOf(enqueuing.many(tasks("a", ""), defaultNamespace, true));
  expect(problem).toMatchObject({ reason: "FIELD_INVALID", violations: [{ field: "tasks[1].name" }] });
  expect(got).toEqual([]);
});

test("the broker's refusal of an atomic batch is thrown, not what was withheld for it", async () => {
  const { enqueuing } = enqueuingWith(({ name }) =>
    name === "b"
      ? {
          kind: "refused",
          taskId: taskIdOf("taken"),
          problem: { reason: "TASK_EXISTS", taskId: "taken" },
        }
      : { kind: "withheld", taskId: taskIdOf(name) },
  );
  const problem = await problemOf(enqueuing.many(tasks("a", "b", "c"), defaultNamespace, true));
  expect(problem).toEqual({ reason: "TASK_EXISTS", taskId: "taken" });
});

test.each([
  [0, "FIELD_INVALID"],
  [limits.batchTasksMax + 1, "BATCH_TOO_LARGE"],
])("a batch of %i tasks is %s", async (count, reason) => {
  const { enqueuing } = enqueuingWith(stored);
  const batch = Array.from({ length: count }, () => create(NewTaskSchema, { name: "a" }));
  expect(await problemOf(enqueuing.many(batch, defaultNamespace, false))).toMatchObject({
    reason,
    ...(count > 0 && { items: count, itemsMax: limits.batchTasksMax }),
  });
});

test("a single task's problem is thrown, with its path from the request", async () => {
  const { enqueuing } = enqueuingWith(stored);
  const [bad] = tasks("");
  if (!bad) throw new Error("no task");
  expect(await problemOf(enqueuing.one(bad, defaultNamespace))).toMatchObject({
    reason: "FIELD_INVALID",
    violations: [{ field: "name" }],
  });
});

test("an id beyond all bounds is not sent back", async () => {
  const { enqueuing } = enqueuingWith(stored);
  const hostile = create(NewTaskSchema, { id: "x".repeat(1_000_000), name: "a" });
  expect(await enqueuing.many([hostile], defaultNamespace, false)).toMatchObject([
    { kind: "refused", taskId: undefined },
  ]);
});
