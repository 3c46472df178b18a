import { describe, expect, test } from "vitest";
import {
  isUnbounded,
  newQueue,
  type QueueRoom,
  refusalToEnter,
  refusalToMake,
  refusalToMove,
  type SpaceRoom,
} from "./admission.ts";
import { queueNameOf } from "./ids.ts";
import { unsaidNamespace } from "./namespace.ts";

const none = unsaidNamespace.quotas;
const space: SpaceRoom = {
  ...{ state: "active", quotas: none, queueCreation: "on_use" },
  ...{ queues: 3, queuesMax: 10, backlogTasks: 5, backlogBytes: 500 },
};
const queue: QueueRoom = { life: "open", backlogMax: undefined, backlogTasks: 5 };
const one = { tasks: 1, bytes: 100 };
const mail = queueNameOf("mail");

describe("a task comes into a queue", () => {
  test.each([
    ["where nothing bounds it", space, queue, undefined],
    ["up to the queue's bound", space, { ...queue, backlogMax: 6 }, undefined],
    ["not beyond it", space, { ...queue, backlogMax: 5 }, { refused: "queue_full", max: 5 }],
    ["up to the quota of tasks", { ...space, quotas: { ...none, backlogTasks: 6 } }, queue, undefined],
    [
      "not beyond it",
      { ...space, quotas: { ...none, backlogTasks: 5 } },
      queue,
      { refused: "task_quota", max: 5 },
    ],
    ["up to the quota of bytes", { ...space, quotas: { ...none, backlogBytes: 600 } }, queue, undefined],
    [
      "not beyond it",
      { ...space, quotas: { ...none, backlogBytes: 599 } },
      queue,
      { refused: "byte_quota", max: 599 },
    ],
    ["not where it is closed", space, { ...queue, life: "closed" }, { refused: "queue_closed" }],
    ["not where it is being deleted", space, { ...queue, life: "deleting" }, { refused: "queue_deleting" }],
    [
      "not in a disabled namespace",
      { ...space, state: "disabled" },
      queue,
      { refused: "namespace_disabled" },
    ],
    ["nor in one that goes", { ...space, state: "deleting" }, newQueue, { refused: "namespace_deleting" }],
  ] as const)("%s", (_, room, into, refusal) => {
    expect(refusalToEnter(room, into, one)).toEqual(refusal);
  });

  test("what hinders the namespace is said before what hinders the queue", () => {
    const closed: QueueRoom = { ...queue, life: "closed" };
    expect(refusalToEnter({ ...space, state: "disabled" }, closed, one)?.refused).toBe("namespace_disabled");
  });
});

test("a move looks at states, not at backlogs", () => {
  const full: QueueRoom = { ...queue, backlogMax: 1 };
  expect(refusalToMove(space, full)).toBeUndefined();
  expect(refusalToMove(space, { ...full, life: "closed" })?.refused).toBe("queue_closed");
  expect(refusalToMove({ state: "disabled" }, full)?.refused).toBe("namespace_disabled");
});

test("a queue is made on use, where there may be one more and nobody said otherwise", () => {
  expect(refusalToMake(space, mail)).toBeUndefined();
  expect(refusalToMake({ ...space, queues: 10 }, mail)).toEqual({ refused: "queue_limit", max: 10 });
  expect(refusalToMake({ ...space, quotas: { ...none, queues: 3 } }, mail)).toEqual({
    refused: "queue_limit",
    max: 3,
  });
  expect(refusalToMake({ ...space, quotas: { ...none, queues: 99 }, queues: 10 }, mail)?.max).toBe(10);
  expect(refusalToMake({ ...space, queueCreation: "explicit" }, mail)).toEqual({ refused: "queue_unknown" });
  expect(refusalToMake({ ...space, state: "disabled" }, mail)?.refused).toBe("namespace_disabled");
  const inbox = queueNameOf("~inbox/1");
  expect(
    refusalToMake({ ...space, queueCreation: "explicit" }, inbox),
    "ours are made as needed",
  ).toBeUndefined();
});

test("a namespace without quotas on its backlog has nothing to count", () => {
  expect(isUnbounded(space)).toBe(true);
  expect(isUnbounded({ ...space, quotas: { ...none, queues: 1 } })).toBe(true);
  for (const quotas of [
    { ...none, backlogTasks: 1 },
    { ...none, backlogBytes: 1 },
  ])
    expect(isUnbounded({ ...space, quotas })).toBe(false);
  expect(isUnbounded({ ...space, state: "disabled" })).toBe(false);
});
