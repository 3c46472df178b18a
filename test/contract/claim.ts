import { expect } from "vitest";
import { defaultNamespace, namespaceOf, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { bytesOf, defaultPolicy, defaultQueue, newTask } from "../support/new-task.ts";
import { lease } from "./subject.ts";
import type { Suite } from "./suite.ts";

const [red, blue] = [queueNameOf("red"), queueNameOf("blue")];
const kilobyte = new Uint8Array(1024);
const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

/** Tasks on their way out. */
export function claimCases({ case: test }: Suite): void {
  test("a claim sees what was given to accept before it, although that is not answered yet", async (subject) => {
    const accepting = subject.accept(newTask("a"), newTask("b"));
    const claiming = subject.claim({ limit: 10 });
    expect(await accepting).toEqual(["accepted", "accepted"]);
    expect(idsOf(await claiming)).toEqual(["a", "b"]);
  });

  test("a claim answers with all that handing out and settling need", async (subject) => {
    await subject.accept(newTask("a", { queue: red, content: bytesOf("work") }));
    const createdAt = subject.now;
    subject.advance(50);
    const claimed = await subject.claimOne({ queues: [red], worker: "worker-7" });
    const { epoch, seq } = claimed.fence;
    expect(claimed).toEqual({
      id: "a",
      queue: red,
      fence: { epoch, seq },
      createdAt,
      content: bytesOf("work"),
      policy: defaultPolicy,
      attempt: 1,
      deliveries: 1,
    });
    expect(await subject.task("a")).toMatchObject({
      state: "leased",
      reason: undefined,
      revision: 2,
      attempt: 1,
      deliveries: 1,
      fence: { epoch, seq },
      worker: "worker-7",
      startedAt: subject.now,
      leaseUntil: subject.now + lease.leaseMs + lease.graceMs,
    });
  });

  test("a task that was claimed and settled is not handed out again", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    expect(await subject.claim()).toEqual([]);
    await subject.settle(claimed, { kind: "succeeded", result: undefined });
    expect(await subject.claim()).toEqual([]);
  });

  test("a task is handed out from its own queue only", async (subject) => {
    await subject.accept(newTask("a", { queue: red }));
    expect(await subject.claim({ queues: [blue, defaultQueue] })).toEqual([]);
    expect(idsOf(await subject.claim({ queues: [red] }))).toEqual(["a"]);
  });

  test("a task is handed out in its own namespace only", async (subject) => {
    const namespace = namespaceOf("other");
    await subject.accept(newTask("a", { namespace }));
    expect(await subject.claim()).toEqual([]);
    expect(idsOf(await subject.claim({ namespace }))).toEqual(["a"]);
  });

  test("higher priorities come first, and among equals the order of acceptance, over all queues asked for", async (subject) => {
    await subject.accept(
      newTask("low", { queue: red, priority: 1 }),
      newTask("blue-1", { queue: blue }),
      newTask("red-1", { queue: red }),
      newTask("blue-2", { queue: blue }),
      newTask("high", { queue: blue, priority: 9 }),
    );
    await subject.accept(newTask("lowest", { queue: blue, priority: 0 }), newTask("red-2", { queue: red }));
    const order = ["high", "blue-1", "red-1", "blue-2", "red-2", "low", "lowest"];
    const first = await subject.claim({ queues: [red, blue], limit: 3 });
    const rest = await subject.claim({ queues: [blue, red] });
    expect([...idsOf(first), ...idsOf(rest)]).toEqual(order);
  });

  test("a long backlog comes out in the order in which it came in, whatever the size of the claims", async (subject) => {
    const ids = Array.from({ length: 1000 }, (_, i) => `task-${i}`);
    for (let i = 0; i < ids.length; i += 100) {
      await subject.accept(...ids.slice(i, i + 100).map((id) => newTask(id)));
    }
    const seen: string[] = [];
    for (let limit = 1; seen.length < ids.length; limit += 7)
      seen.push(...idsOf(await subject.claim({ limit })));
    expect(seen).toEqual(ids);
  });

  test("no more than the limit is handed out", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"), newTask("c"));
    expect(await subject.claim({ limit: 0 })).toEqual([]);
    expect(idsOf(await subject.claim({ limit: 2 }))).toEqual(["a", "b"]);
    expect(idsOf(await subject.claim({ limit: 2 }))).toEqual(["c"]);
  });

  test("contents stay within their bound, in order, and one task is handed out however large", async (subject) => {
    await subject.accept(
      newTask("a", { content: kilobyte }),
      newTask("b", { content: kilobyte }),
      newTask("c", { content: kilobyte }),
      newTask("small", { content: new Uint8Array(1) }),
    );
    expect(idsOf(await subject.claim({ contentBytesMax: 2048 }))).toEqual(["a", "b"]);
    expect(idsOf(await subject.claim({ contentBytesMax: 1 }))).toEqual(["c"]);
    expect(idsOf(await subject.claim({ contentBytesMax: 1 }))).toEqual(["small"]);
  });

  test("tasks that are claimed together each have their own content and policy, whatever bytes these are", async (subject) => {
    const contents = [[], [0, 0, 65], [0xff, 0xfe, 0x80], [0xc3], [0xa9, 0], [0xed, 0xa0, 0x80], []];
    const tasks = contents.map((bytes, i) =>
      newTask(`t${i}`, {
        content: Uint8Array.from(bytes),
        priority: i % 2 === 0 ? 5 : 1,
        policy: { ...defaultPolicy, maxAttempts: 1 + (i % 3) },
      }),
    );
    await subject.accept(...tasks);
    const claimed = [...(await subject.claim({ limit: 3 })), ...(await subject.claim({ limit: 10 }))];
    const order = [0, 2, 4, 6, 1, 3, 5].map((i) => tasks[i]);
    expect(claimed.map(({ id, content, policy }) => [id, [...content], policy.maxAttempts])).toEqual(
      order.map((task) => [task?.id, [...(task?.content ?? [])], task?.policy.maxAttempts]),
    );
  });

  test("a queue that is named twice counts once, and one that nobody has used gives nothing", async (subject) => {
    await subject.accept(
      newTask("a", { queue: red }),
      newTask("b", { queue: blue }),
      newTask("c", { queue: red }),
    );
    const queues = [red, red, queueNameOf("nobody's"), blue, red];
    expect(idsOf(await subject.claim({ queues }))).toEqual(["a", "b", "c"]);
    await subject.accept(newTask("d", { queue: red }), newTask("e", { queue: blue }));
    expect(idsOf(await subject.claim({ queues }))).toEqual(["d", "e"]);
  });

  test("nothing is asked for and nothing is given", async (subject) => {
    await subject.accept(newTask("a"));
    expect(await subject.claim({ queues: [] })).toEqual([]);
  });

  test("a paused queue hands out nothing until it is resumed, and the others go on", async (subject) => {
    await subject.accept(newTask("a", { queue: red }), newTask("b", { queue: blue }));
    const ref = { namespace: defaultNamespace, queue: red };
    await subject.store.setPause(ref, { reason: "deploy", at: subject.now }, subject.now);
    expect(idsOf(await subject.claim({ queues: [red, blue] }))).toEqual(["b"]);
    await subject.store.setPause(ref, undefined, subject.now);
    expect(idsOf(await subject.claim({ queues: [red, blue] }))).toEqual(["a"]);
  });

  test("a task's own lease length is used instead of the claim's", async (subject) => {
    await subject.accept(newTask("own", { policy: { leaseMs: 5000 } }), newTask("plain"));
    await subject.claim({ leaseMs: 1000, graceMs: 10 });
    expect((await subject.task("own")).leaseUntil).toBe(subject.now + 5010);
    expect((await subject.task("plain")).leaseUntil).toBe(subject.now + 1010);
  });

  test("a delayed task waits for its time, and is never handed out earlier", async (subject) => {
    await subject.accept(newTask("later", { notBefore: plus(subject.now, 1000) }), newTask("now"));
    expect(idsOf(await subject.claim())).toEqual(["now"]);
    subject.advance(999);
    expect(await subject.stage()).toBe(0);
    expect(await subject.claim()).toEqual([]);
    subject.advance(1);
    expect(await subject.stage()).toBe(1);
    expect(idsOf(await subject.claim())).toEqual(["later"]);
  });

  test("a task that was delayed stands in its place of acceptance once it is ready", async (subject) => {
    await subject.accept(newTask("first", { notBefore: plus(subject.now, 10) }), newTask("second"));
    subject.advance(10);
    await subject.stage();
    expect(idsOf(await subject.claim())).toEqual(["first", "second"]);
  });

  test("each delivery has a fence above the ones before and counts once; the attempt stays", async (subject) => {
    await subject.accept(newTask("a"));
    let before = { epoch: 0, seq: 0 };
    for (let delivery = 1; delivery <= 5; delivery += 1) {
      const { fence, deliveries, attempt } = await subject.claimOne();
      expect({ deliveries, attempt }).toEqual({ deliveries: delivery, attempt: 1 });
      expect(fence.epoch > before.epoch || (fence.epoch === before.epoch && fence.seq > before.seq)).toBe(
        true,
      );
      before = fence;
      subject.advance(lease.leaseMs + lease.graceMs + 1);
      expect(await subject.reap()).toBe(1);
    }
  });
}
