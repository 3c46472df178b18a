import { expect, test } from "vitest";
import { openSqliteWriter, writerLease } from "../../../../../test/support/sqlite-writer.ts";
import type { PartTask } from "../../../model/canvas.ts";
import {
  canvasIdOf,
  defaultNamespace,
  instantOf,
  partIdOf,
  queueNameOf,
  rootOf,
  taskIdOf,
  taskNameOf,
} from "../../../model/ids.ts";
import { defaults } from "../../../model/limits.ts";
import { usualRetryPolicy } from "../../../model/retry.ts";
import { decideSettle } from "../../../model/task-machine.ts";
import type { Claimed } from "../../../ports/task-store.ts";
import { createCanvasReadings } from "./readings.ts";
import type { CanvasToKeep } from "./to-keep.ts";

const [namespace, queue, now] = [defaultNamespace, queueNameOf("q"), instantOf(1_800_000_000_000)];
const canvas = canvasIdOf("c");

const aMember = (id: string, index: number): PartTask => ({
  ...{ id: taskIdOf(id), acceptedAt: now, isStartFixed: false, expireAt: undefined, hands: undefined },
  task: {
    ...{ name: taskNameOf("n"), queue, priority: 5, notBefore: undefined, tags: [], ties: undefined },
    ...{ content: new Uint8Array(), contentHash: undefined },
    policy: {
      ...{ maxAttempts: 4, maxDeliveries: 20, retry: usualRetryPolicy(defaults), leaseMs: undefined },
      ...{ retentionMs: 1000, deadLetterRetentionMs: 1000, member: "ends" },
    },
    place: { canvas, barrier: rootOf(canvas), index, reports: "end" },
  },
});

/** A group of these tasks. */
const aGroup = (...ids: readonly string[]): CanvasToKeep => ({
  ...{ namespace, id: canvas, lineage: { parentId: undefined, rootId: taskIdOf(canvas) } },
  ...{ parts: [], ended: [] },
  facts: {
    ...{
      contentHash: "hash",
      deadline: undefined,
      retentionMs: 1000,
      purgeAt: undefined,
      name: "",
      tags: [],
    },
    ...{ description: new Uint8Array(), retryOf: undefined },
  },
  root: {
    ...{ id: rootOf(canvas), place: undefined, shape: "list", onMemberFailure: "wait", size: ids.length },
    ...{ isSealed: true, callbacks: [], next: undefined },
  },
  start: { id: partIdOf("start"), barriers: [], tasks: ids.map(aMember) },
});

function aFile() {
  const { reader, run, undo } = openSqliteWriter(now);
  const readings = createCanvasReadings(reader);
  const want = {
    namespace,
    queues: [queue],
    limit: 10,
    worker: "w",
    now,
    ...writerLease,
    contentBytesMax: 1000,
  };
  const claim = () =>
    run((calls) => calls.claim({ ...want, tiers: undefined, turnsMax: undefined, labels: undefined }));
  const canvasNow = () => readings.readBarriers([{ namespace, id: rootOf(canvas) }])[0];
  return { run, undo, claim, canvasNow };
}

const succeeded = (claimed: Claimed) => {
  const { id, fence } = claimed;
  const decision = decideSettle(claimed, { kind: "succeeded", result: undefined }, now, 0);
  return [{ namespace, id, fence, decision, outcomeHash: 1, now }];
};

test("members that end in one transaction by different calls are counted together", () => {
  const { run, claim, canvasNow } = aFile();
  run((calls) => calls.submitCanvas(aGroup("a", "b", "c"), now));
  const claimed = claim();
  run((calls) => {
    for (const one of claimed.slice(0, 2)) calls.settle(succeeded(one));
  });
  expect(canvasNow()).toMatchObject({ state: "open", ended: 2 });
  run((calls) => claimed.slice(2).map((one) => calls.settle(succeeded(one))));
  expect(canvasNow()).toMatchObject({ state: "succeeded", ended: 3, canvasFacts: { purgeAt: now + 1000 } });
});

test("what a transaction that is undone counted is not counted", () => {
  const { run, undo, claim, canvasNow } = aFile();
  undo((calls) => calls.submitCanvas(aGroup("z"), now));
  expect(canvasNow()).toBeUndefined();
  expect(run((calls) => calls.submitCanvas(aGroup("a", "b"), now))).toBe("accepted");
  const claimed = claim();
  undo((calls) => claimed.map((one) => calls.settle(succeeded(one))));
  expect(canvasNow()).toMatchObject({ state: "open", ended: 0 });
  run((calls) => claimed.slice(0, 1).map((one) => calls.settle(succeeded(one))));
  expect(canvasNow()).toMatchObject({ state: "open", ended: 1 });
  run((calls) => claimed.slice(1).map((one) => calls.settle(succeeded(one))));
  expect(canvasNow()).toMatchObject({ state: "succeeded", ended: 2 });
});

test("a canvas that may not come in is forgotten before the next call of its transaction", () => {
  const { run, claim, canvasNow } = aFile();
  const other = { ...aGroup("taken"), id: canvasIdOf("other") };
  const root = { ...other.root, id: rootOf(other.id) };
  const [task] = other.start.tasks;
  if (task?.task.place === undefined) throw new Error("there is a task");
  const place = { ...task.task.place, canvas: other.id, barrier: root.id };
  const start = {
    ...other.start,
    tasks: [{ ...task, task: { ...task.task, content: Buffer.from("x"), place } }],
  };
  const verdicts = run((calls) => [
    calls.submitCanvas({ ...other, root, start }, now),
    calls.submitCanvas(aGroup("a", "taken"), now),
    calls.submitCanvas(aGroup("a"), now),
  ]);
  expect(verdicts).toEqual(["accepted", { task: "taken", why: "exists" }, "accepted"]);
  expect(claim().map(({ id }) => id)).toEqual(["taken", "a"]);
  expect(canvasNow()).toMatchObject({ state: "open", size: 1 });
});
