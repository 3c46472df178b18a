import { expect } from "vitest";
import { defaultNamespace, queueNameOf } from "../../server/src/model/ids.ts";
import type { NewTask } from "../../server/src/model/task.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Batches that come in whole or not at all. */
export function atomicCases({ case: test }: Suite): void {
  test("an atomic batch without a refusal is stored whole", async (subject) => {
    await subject.accept(newTask("known"));
    expect(await acceptAtomic(subject, newTask("a"), newTask("known"), newTask("b"), newTask("a"))).toEqual([
      "accepted",
      "duplicate",
      "accepted",
      "duplicate",
    ]);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["b", "a", "known"]);
  });

  test("one refused task leaves the whole atomic batch out, and no trace of it", async (subject) => {
    await subject.accept(newTask("known"), newTask("taken"));
    const queue = queueNameOf("fresh");
    const verdicts = await acceptAtomic(
      subject,
      newTask("a", { queue }),
      newTask("known"),
      newTask("a", { queue }),
      newTask("taken", { content: bytesOf("other") }),
      newTask("b"),
    );
    expect(verdicts).toEqual(["withheld", "duplicate", "withheld", "exists", "withheld"]);
    expect((await subject.list()).tasks).toHaveLength(2);
    expect(await subject.store.getQueue({ namespace: defaultNamespace, queue })).toBeUndefined();
    expect((await subject.store.readEvents(undefined, 10)).events).toHaveLength(2);
    expect(await subject.claim({ queues: [queue] })).toEqual([]);
  });

  test("what an atomic batch left out can be stored afterwards", async (subject) => {
    await subject.accept(newTask("taken"));
    await acceptAtomic(subject, newTask("a"), newTask("taken", { content: bytesOf("other") }));
    expect(await acceptAtomic(subject, newTask("a", { content: bytesOf("changed") }))).toEqual(["accepted"]);
    expect((await subject.task("a")).content).toEqual(bytesOf("changed"));
  });

  test("two tasks under one id refuse their atomic batch", async (subject) => {
    const other = newTask("a", { content: bytesOf("other") });
    expect(await acceptAtomic(subject, newTask("a"), other)).toEqual(["withheld", "exists"]);
    expect((await subject.list()).tasks).toEqual([]);
  });

  test(
    "a queue too many refuses its atomic batch",
    async (subject) => {
      const inQueue = (id: string, queue: string) => newTask(id, { queue: queueNameOf(queue) });
      const batch = [inQueue("a", "one"), inQueue("b", "two"), inQueue("c", "three")];
      expect(await acceptAtomic(subject, ...batch)).toEqual([
        "withheld",
        "withheld",
        { refused: "queue_limit", max: 2 },
      ]);
      expect(await subject.store.listQueues(defaultNamespace, undefined, 10)).toEqual([]);
      expect(await acceptAtomic(subject, ...batch.slice(1))).toEqual(["accepted", "accepted"]);
    },
    { limits: { queuesPerNamespaceMax: 2 } },
  );
}

const acceptAtomic = (subject: Subject, ...tasks: readonly NewTask[]) =>
  subject.store.accept({ tasks, now: subject.now, atomic: true });
