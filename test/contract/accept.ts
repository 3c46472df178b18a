import { expect } from "vitest";
import { contentHashOf } from "../../server/src/model/content-hash.ts";
import { namespaceOf, plus, queueNameOf, taskIdOf, taskNameOf } from "../../server/src/model/ids.ts";
import { bytesOf, defaultPolicy, defaultQueue, newTask } from "../support/new-task.ts";
import { refOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Tasks on their way in. */
export function acceptCases({ case: test }: Suite): void {
  test("an accepted task reads back as it was given", async (subject) => {
    const task = newTask("a", {
      name: taskNameOf("report.build"),
      queue: queueNameOf("reports"),
      priority: 7,
      policy: { maxAttempts: 2, leaseMs: 5000, retry: { baseMs: 1, factor: 3, maxMs: 9, jitter: "none" } },
      tags: ["blue", "green"],
      replayOf: taskIdOf("earlier"),
    });
    expect(await subject.accept(task)).toEqual(["accepted"]);
    const { contentHash: _, ...given } = task;
    expect(await subject.task("a")).toEqual({
      ...given,
      state: "ready",
      reason: undefined,
      revision: 1,
      attempt: 1,
      deliveries: 0,
      fence: undefined,
      worker: undefined,
      createdAt: subject.now,
      startedAt: undefined,
      leaseUntil: undefined,
      endedAt: undefined,
      purgeAt: undefined,
      cancel: undefined,
      result: undefined,
      failure: undefined,
    });
  });

  test("content is kept byte for byte, also none and any byte there is", async (subject) => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
    await subject.accept(
      newTask("none", { content: new Uint8Array() }),
      newTask("every", { content: everyByte }),
    );
    expect((await subject.task("none")).content).toEqual(new Uint8Array());
    expect((await subject.task("every")).content).toEqual(everyByte);
  });

  test("bytes that came in may be overwritten once they are stored", async (subject) => {
    const [content, result] = [bytesOf("content"), bytesOf("result")];
    await subject.accept(newTask("a", { content }));
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result });
    content.fill(0);
    result.fill(0);
    expect(await subject.task("a")).toMatchObject({ content: bytesOf("content"), result: bytesOf("result") });
  });

  test("a head is the task without its content and results, and nobody's is undefined", async (subject) => {
    await subject.accept(newTask("a"));
    const { content: _, result: __, failure: ___, ...head } = await subject.task("a");
    expect(await subject.store.readHeads([refOf("nobody"), refOf("a")])).toEqual([undefined, head]);
    expect(await subject.store.read([refOf("nobody")])).toEqual([undefined]);
  });

  test("a task whose start lies ahead is scheduled; one whose start is now or past is ready", async (subject) => {
    await subject.accept(
      newTask("ahead", { notBefore: plus(subject.now, 1) }),
      newTask("now", { notBefore: subject.now }),
      newTask("past", { notBefore: plus(subject.now, -1) }),
    );
    expect(await subject.task("ahead")).toMatchObject({
      state: "scheduled",
      reason: "delay",
      notBefore: subject.now + 1,
    });
    expect(await subject.task("now")).toMatchObject({ state: "ready", reason: undefined });
    expect(await subject.task("past")).toMatchObject({ state: "ready", notBefore: subject.now - 1 });
  });

  test("the same task again is a duplicate, also when it has moved on, and is stored once", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.claim();
    subject.advance(1000);
    expect(await subject.accept(newTask("a"))).toEqual(["duplicate"]);
    expect((await subject.list()).tasks).toHaveLength(1);
    expect(await subject.task("a")).toMatchObject({ state: "leased", createdAt: subject.now - 1000 });
  });

  test("another task under a taken id is refused, and the first one stays", async (subject) => {
    await subject.accept(newTask("a"));
    expect(await subject.accept(newTask("a", { content: bytesOf("other") }))).toEqual(["exists"]);
    expect((await subject.task("a")).content).toEqual(bytesOf("content of a"));
  });

  test("a content that is all there is to hash is the same as its hash, whichever came first", async (subject) => {
    const spelt = (id: string) => newTask(id, { contentHash: contentHashOf(newTask(id)) });
    const elsewhere = newTask("a", { contentHash: "other" });
    expect(await subject.accept(newTask("a"), spelt("b"))).toEqual(["accepted", "accepted"]);
    expect(await subject.accept(spelt("a"), newTask("b"), elsewhere)).toEqual([
      "duplicate",
      "duplicate",
      "exists",
    ]);
  });

  test("an id that comes twice in a batch is stored once", async (subject) => {
    const other = newTask("a", { content: bytesOf("other") });
    const verdicts = await subject.accept(newTask("a"), newTask("a"), other, newTask("b"));
    expect(verdicts).toEqual(["accepted", "duplicate", "exists", "accepted"]);
    expect((await subject.list()).tasks).toHaveLength(2);
  });

  test("every task of a large batch gets its own verdict, in order", async (subject) => {
    const evens = Array.from({ length: 500 }, (_, i) => newTask(`task-${2 * i}`));
    await subject.accept(...evens);
    const all = Array.from({ length: 1000 }, (_, i) => newTask(`task-${i}`));
    const verdicts = await subject.accept(...all);
    expect(verdicts).toEqual(all.map((_, i) => (i % 2 === 0 ? "duplicate" : "accepted")));
    expect((await subject.list()).tasks).toHaveLength(1000);
  });

  test("an empty batch is answered and changes nothing", async (subject) => {
    expect(await subject.accept()).toEqual([]);
    expect(await subject.store.readEvents(undefined, 10)).toEqual({ events: [], truncated: false });
  });

  test("equal ids in two namespaces are two tasks", async (subject) => {
    const namespace = namespaceOf("other");
    const other = newTask("a", { namespace, content: bytesOf("other") });
    expect(await subject.accept(newTask("a"), other)).toEqual(["accepted", "accepted"]);
    expect((await subject.task("a")).content).toEqual(bytesOf("content of a"));
    const [read] = await subject.store.read([{ namespace, id: taskIdOf("a") }]);
    expect(read?.content).toEqual(bytesOf("other"));
  });

  test("ids, names and queues may be called like parts of the language", async (subject) => {
    const words = ["__proto__", "constructor", "toString", "hasOwnProperty", "';--", "%", "a_b"];
    const tasks = words.map((word) => newTask(word, { queue: queueNameOf(word), name: taskNameOf(word) }));
    expect(await subject.accept(...tasks)).toEqual(words.map(() => "accepted"));
    for (const word of words) {
      const claimed = await subject.claim({ queues: [queueNameOf(word)] });
      expect(claimed.map(({ id }) => id)).toEqual([word]);
    }
  });

  test("tasks share policies by value only", async (subject) => {
    const own = { ...defaultPolicy, maxDeliveries: 3 };
    await subject.accept(newTask("a", { policy: own }), newTask("b"), newTask("c", { policy: own }));
    const policies = (await subject.claim()).map(({ policy }) => policy);
    expect(policies).toEqual([own, defaultPolicy, own]);
  });

  test(
    "a queue comes into being with its first task, up to the namespace's limit",
    async (subject) => {
      const inQueue = (id: string, queue: string) => newTask(id, { queue: queueNameOf(queue) });
      const limit = { refused: "queue_limit", max: 2 };
      expect(
        await subject.accept(
          inQueue("a", "one"),
          inQueue("b", "two"),
          inQueue("c", "three"),
          inQueue("d", "one"),
        ),
      ).toEqual(["accepted", "accepted", limit, "accepted"]);
      expect(await subject.accept(inQueue("c", "three"))).toEqual([limit]);
      expect(await subject.accept(inQueue("c", "two"))).toEqual(["accepted"]);
      const namespace = namespaceOf("other");
      expect(await subject.accept(newTask("a", { namespace }))).toEqual(["accepted"]);
      const queue = await subject.store.getQueue({ namespace, queue: defaultQueue });
      expect(queue).toMatchObject({ name: defaultQueue, createdAt: subject.now });
    },
    { limits: { queuesPerNamespaceMax: 2 } },
  );
}
