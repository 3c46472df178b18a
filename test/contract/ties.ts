import { expect } from "vitest";
import { queueNameOf } from "../../server/src/model/ids.ts";
import { defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { putLimit } from "./limits.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);
const done = { kind: "succeeded", result: undefined } as const;
const inOrder = (id: string, orderingKey = "k", more = {}) =>
  newTask(id, { ties: tiesOf({ orderingKey }), ...more });
const fair = (id: string, fairnessKey: string, more = {}) =>
  newTask(id, { ties: tiesOf({ fairnessKey }), ...more });
const labelled = (id: string, labels: Record<string, string>) => newTask(id, { ties: tiesOf({ labels }) });
const queue = { namespace: newTask("x").namespace, queue: defaultQueue };

/** What ties tasks to others of their key, and to workers. */
export function tieCases(suite: Suite): void {
  orderCases(suite);
  fairnessCases(suite);
  labelCases(suite);
  editedCases(suite);
}

function orderCases({ case: test }: Suite): void {
  test("tasks of an ordering key run one after the other, beside those of other keys and none", async (subject) => {
    await subject.accept(
      inOrder("a1", "a"),
      inOrder("a2", "a"),
      inOrder("b1", "b"),
      newTask("free"),
      inOrder("a3", "a"),
    );
    const first = await subject.claim();
    expect(idsOf(first)).toEqual(["a1", "b1", "free"]);
    expect((await subject.task("a3")).gate).toEqual({ kind: "ordering", subject: "a" });
    for (const claimed of first) await subject.settle(claimed, done);
    const second = await subject.claim();
    expect(idsOf(second)).toEqual(["a2"]);
    for (const claimed of second) await subject.settle(claimed, done);
    expect(idsOf(await subject.claim())).toEqual(["a3"]);
  });

  test("an order is kept through retries, back-off, lost leases and delays", async (subject) => {
    await subject.accept(
      inOrder("a", "k", { notBefore: subject.now + 1000 } as never),
      inOrder("b"),
      inOrder("c"),
    );
    expect(await subject.claim()).toEqual([]);
    subject.advance(1000);
    await subject.stage();
    const claimed = await subject.claimOne();
    await subject.settle(claimed, { kind: "retry", delayMs: 5000, failure: undefined });
    expect(await subject.claim(), "its back-off is waited for").toEqual([]);
    subject.advance(5000);
    await subject.stage();
    expect(idsOf(await subject.claim())).toEqual(["a"]);
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    const again = await subject.claim();
    expect(idsOf(again), "the one whose lease ran out is first again").toEqual(["a"]);
    if (again[0]) await subject.settle(again[0], { kind: "rejected", failure: new Uint8Array(1) });
    expect(idsOf(await subject.claim())).toEqual(["b"]);
  });

  test("a cancel or a purge of the first lets the next one come, and one of another does not", async (subject) => {
    await subject.accept(inOrder("a"), inOrder("b"), inOrder("c"), inOrder("d"));
    await subject.cancel("b");
    await subject.cancel("a");
    expect((await subject.task("c")).gate).toBeUndefined();
    expect((await subject.task("d")).gate).toEqual({ kind: "ordering", subject: "k" });
    const { upTo } = await subject.store.purgeMark(queue);
    expect(await subject.store.purge(queue, upTo, subject.now, 10)).toBe(2);
    await subject.accept(inOrder("e"));
    expect(idsOf(await subject.claim())).toEqual(["e"]);
  });

  test("an order is one queue's, and goes before priority", async (subject) => {
    const red = queueNameOf("red");
    await subject.accept(inOrder("a"), inOrder("b", "k", { priority: 9 }), inOrder("c", "k", { queue: red }));
    expect(idsOf(await subject.claim({ queues: [defaultQueue, red] })).sort()).toEqual(["a", "c"]);
  });
}

function editedCases({ case: test }: Suite): void {
  const red = queueNameOf("red");

  test("a task that was edited waits at its gate in its new queue, and comes by its new priority", async (subject) => {
    await putLimit(subject, "key", "k", { concurrency: 1 });
    const keyed = (id: string) => newTask(id, { ties: tiesOf({ limitKey: "k" }) });
    await subject.accept(keyed("a"), keyed("b"), keyed("c"), keyed("d"));
    const first = await subject.claimOne();
    await subject.edit(refOf("c"), { queue: red });
    await subject.edit(refOf("d"), { priority: 9 });
    expect((await subject.task("c")).gate).toEqual({ kind: "key", subject: "k" });
    expect(await subject.claim({ queues: [defaultQueue, red] })).toEqual([]);
    await subject.settle(first, done);
    const second = await subject.claim({ queues: [defaultQueue, red] });
    expect(idsOf(second)).toEqual(["d"]);
    for (const claimed of second) await subject.settle(claimed, done);
    expect(idsOf(await subject.claim({ queues: [red] }))).toEqual(["c"]);
  });

  test("a task that is moved to a queue with turns gets the next one there, and keeps its order", async (subject) => {
    await subject.accept(...["a1", "a2", "a3"].map((id) => fair(id, "a", { queue: red })));
    await subject.accept(newTask("plain"), fair("b", "b"), inOrder("o1"), inOrder("o2"));
    await subject.claim({ queues: [red], limit: 2 });
    await subject.edit(refOf("plain"), { queue: red });
    await subject.edit(refOf("b"), { queue: red });
    await subject.edit(refOf("o2"), { queue: red });
    expect((await subject.task("o2")).gate).toEqual({ kind: "ordering", subject: "k" });
    expect(idsOf(await subject.claim({ queues: [red] }))).toEqual(["a3", "plain", "b"]);
    const claimed = await subject.claim();
    expect(idsOf(claimed)).toEqual(["o1"]);
    for (const each of claimed) await subject.settle(each, done);
    expect(idsOf(await subject.claim({ queues: [red] }))).toEqual(["o2"]);
  });
}

/** Grants and settles one by one, and answers the keys, which are the first letters of the ids. */
async function grants(subject: Subject, count: number): Promise<string> {
  let keys = "";
  while (keys.length < count) {
    const claimed = await subject.claim({ limit: Math.min(7, count - keys.length) });
    if (claimed.length === 0) break;
    keys += claimed.map(({ id }) => id[0]).join("");
  }
  return keys;
}

const many = (key: string, count: number) => Array.from({ length: count }, (_, i) => fair(`${key}${i}`, key));

function fairnessCases({ case: test }: Suite): void {
  test("keys take turns, whatever each has waiting, and each keeps the order of its own", async (subject) => {
    await subject.accept(...many("a", 20), ...many("b", 3), ...many("c", 3));
    expect(await grants(subject, 12)).toBe("abcabcabcaaa");
  });

  test("whoever comes later comes next, without a claim on what was granted before", async (subject) => {
    await subject.accept(...many("a", 1000));
    await grants(subject, 500);
    await subject.accept(...many("b", 5));
    expect(await grants(subject, 10)).toBe("abababababab".slice(0, 10));
  });

  test("tasks without a key are those of one more key, and those from before any key come first", async (subject) => {
    await subject.accept(newTask("x1"), newTask("x2"));
    await subject.accept(...many("a", 4), newTask("y1"), newTask("y2"), ...many("b", 2));
    expect(await grants(subject, 10)).toBe("xxaybaybaa");
  });

  test("a claim ends with so many tasks of a queue with turns, and is as large as it likes elsewhere", async (subject) => {
    const red = queueNameOf("red");
    await subject.accept(...many("a", 20), ...["x", "y", "z"].map((id) => newTask(id, { queue: red })));
    const claim = (queues = [defaultQueue], limit = 1000) => subject.claim({ queues, limit, turnsMax: 4 });
    expect(await claim()).toHaveLength(4);
    expect(await claim([defaultQueue], 3)).toHaveLength(3);
    expect(await claim([defaultQueue], 4)).toHaveLength(4);
    expect(idsOf(await claim([red, defaultQueue]))).toEqual(["a11", "a12", "a13", "a14"]);
    expect(idsOf(await claim([red]))).toEqual(["x", "y", "z"]);
    await subject.accept(...Array.from({ length: 9 }, (_, i) => newTask(`red${i}`, { queue: red })));
    expect(await claim([red])).toHaveLength(9);
  });

  test("a queue with turns and one without, served as one, come by priority and acceptance: turns are each queue's own", async (subject) => {
    const red = queueNameOf("red");
    const plain = (id: string, more = {}) => newTask(id, { queue: red, ...more });
    await subject.accept(
      ...many("a", 3),
      plain("x"),
      fair("b0", "b"),
      plain("y"),
      plain("z", { priority: 9 }),
    );
    const queues = [red, defaultQueue];
    const claimed: string[] = [];
    for (const limit of [1, 2, 10]) claimed.push(...idsOf(await subject.claim({ queues, limit })));
    // Of each queue the next one by its own order: of the turns of a and b, that is b0 after a0.
    expect(claimed).toEqual(["z", "a0", "x", "b0", "a1", "a2", "y"]);
  });

  test("priority goes before turns", async (subject) => {
    await subject.accept(...many("a", 3), fair("b0", "b"), fair("c0", "a", { priority: 9 }));
    expect(await grants(subject, 5)).toBe("cabaa");
  });

  test("a weight says how often a key comes, and is read as it was put", async (subject) => {
    expect(await subject.store.putWeight(queue, { key: "a", weight: 3 }, subject.now)).toBe("done");
    await subject.store.putWeight(queue, { key: "b", weight: 1 }, subject.now);
    await subject.store.putWeight(queue, { key: "c", weight: 2 }, subject.now);
    expect(await subject.store.listWeights(queue, undefined, 10)).toEqual([
      { key: "a", weight: 3 },
      { key: "c", weight: 2 },
    ]);
    expect(await subject.store.listWeights(queue, "a", 10)).toEqual([{ key: "c", weight: 2 }]);
    await subject.accept(...many("a", 12), ...many("b", 12));
    const first = await grants(subject, 12);
    expect(first.replaceAll("b", "")).toHaveLength(9);
    await subject.store.putWeight(queue, { key: "a", weight: 1 }, subject.now);
    expect(await subject.store.listWeights(queue, undefined, 10)).toEqual([{ key: "c", weight: 2 }]);
  });

  test(
    "a weight for a queue that is not there makes it, if there may be one more",
    async (subject) => {
      const red = { ...queue, queue: queueNameOf("red") };
      const weight = { key: "a", weight: 2 };
      expect(await subject.store.putWeight(queue, weight, subject.now)).toBe("done");
      expect(await subject.store.putWeight(red, weight, subject.now)).toEqual({
        refused: "queue_limit",
        max: 1,
      });
      expect(await subject.store.listWeights(red, undefined, 10)).toEqual([]);
    },
    { limits: { queuesPerNamespaceMax: 1 } },
  );

  test(
    "weights 3 and 1 give three to one over ten thousand grants, within two percent",
    async (subject) => {
      await subject.store.putWeight(queue, { key: "a", weight: 3 }, subject.now);
      for (let i = 0; i < 10; i += 1) {
        await subject.accept(
          ...many(`a${i}-`, 1000).map((task) => ({ ...task, ties: tiesOf({ fairnessKey: "a" }) })),
        );
        await subject.accept(
          ...many(`b${i}-`, 1000).map((task) => ({ ...task, ties: tiesOf({ fairnessKey: "b" }) })),
        );
      }
      let [a, b] = [0, 0];
      while (a + b < 10_000) {
        for (const { id } of await subject.claim({ limit: 100 })) id.startsWith("a") ? a++ : b++;
      }
      expect(a / b).toBeGreaterThan(3 * 0.98);
      expect(a / b).toBeLessThan(3 * 1.02);
    },
    { timeoutMs: 60_000 },
  );

  test("turns go on after their keys were forgotten", async (subject) => {
    await subject.accept(...many("a", 3), ...many("b", 3));
    await grants(subject, 6);
    await subject.store.prune(subject.now, 100);
    await subject.accept(
      ...many("a", 2).map((task, i) => ({ ...task, id: `a-late-${i}` as never })),
      fair("c0", "c"),
    );
    expect(await grants(subject, 3)).toBe("aca");
  });
}

function labelCases({ case: test }: Suite): void {
  test("a task that requires labels comes to a worker that has them, and any others", async (subject) => {
    await subject.accept(
      labelled("gpu", { gpu: "yes" }),
      labelled("both", { gpu: "yes", region: "eu" }),
      newTask("free"),
    );
    const claimed = await subject.claim({ labels: { region: "eu" } });
    expect(idsOf(claimed)).toEqual(["free"]);
    expect(idsOf(await subject.claim({ labels: { gpu: "no" } }))).toEqual([]);
    expect(idsOf(await subject.claim({ labels: { gpu: "yes", region: "us" } }))).toEqual(["gpu"]);
    expect(idsOf(await subject.claim({ labels: { gpu: "yes", region: "eu", fast: "1" } }))).toEqual(["both"]);
  });

  test("whoever has labels gets all in one order: priority, then acceptance", async (subject) => {
    await subject.accept(newTask("a"), labelled("b", { gpu: "yes" }), newTask("c"));
    await subject.accept({ ...labelled("d", { region: "eu" }), priority: 9 });
    expect(idsOf(await subject.claim({ labels: { gpu: "yes", region: "eu" } }))).toEqual([
      "d",
      "a",
      "b",
      "c",
    ]);
  });

  test("tasks that nobody here can run stand in nobody's way", async (subject) => {
    await subject.accept(
      ...Array.from({ length: 1000 }, (_, i) => labelled(`gpu${i}`, { gpu: "yes" })),
      newTask("free"),
    );
    expect(idsOf(await subject.claim({ limit: 1 }))).toEqual(["free"]);
  });
}
