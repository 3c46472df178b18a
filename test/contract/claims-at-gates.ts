import { expect } from "vitest";
import { defaultNamespace, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { bytesOf, defaultQueue, newTask, type TaskDetails, tiesOf } from "../support/new-task.ts";
import { putLimit } from "./limits.ts";
import { refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";
import { uniqueTask } from "./unique.ts";

const ties = tiesOf({ limitKey: "tenant" });
const done = { kind: "succeeded", result: undefined } as const;
const atKey = { kind: "key", subject: "tenant" };
const claimOf = ({ store, now }: Subject) => store.getClaim(defaultNamespace, "k", now);

/** A tenant of whom one task may run, and one runs: what comes next waits at the gate. */
async function full(subject: Subject) {
  await putLimit(subject, "key", "tenant", { concurrency: 1 });
  await subject.accept(newTask("running", { ties }));
  return subject.claimOne();
}

const debounced = ({ now }: Subject, id: string, content: string, details: TaskDetails = {}) =>
  uniqueTask(
    id,
    { onConflict: "debounce", until: "started" },
    { ties, content: bytesOf(content), notBefore: plus(now, 100), ...details },
  );

/** Unique keys, revoked ids and pauses of tasks that wait at gates. */
export function claimsAtGatesCases(suite: Suite): void {
  claimCases(suite);
  debounceCases(suite);
  operatorCases(suite);
}

function claimCases({ case: test }: Suite): void {
  test("a unique task that waits at a gate has its key, and gives it up when it ends there", async (subject) => {
    await full(subject);
    await subject.accept(uniqueTask("a", { until: "started" }, { ties }));
    expect(await subject.task("a")).toMatchObject({ state: "ready", gate: atKey });
    const second = uniqueTask("b", { until: "started" }, { ties });
    expect(await subject.accept(second)).toEqual([{ unique: "kept", holder: "a" }]);
    await subject.cancel("a");
    expect(await subject.accept(second)).toEqual(["accepted"]);
  });

  test("a key that lasts until the start lasts while its task waits at a gate", async (subject) => {
    const running = await full(subject);
    await subject.accept(uniqueTask("a", { until: "started" }, { ties }));
    await subject.settle(running, done);
    expect((await claimOf(subject))?.freeAt).toBeUndefined();
    expect(await subject.claimOne()).toMatchObject({ id: "a" });
    expect(await claimOf(subject)).toBeUndefined();
  });

  test("a task that replaces one at a gate waits there in its place", async (subject) => {
    const running = await full(subject);
    const replacing = { onConflict: "replace" } as const;
    await subject.accept(uniqueTask("a", replacing, { ties }), uniqueTask("b", replacing, { ties }));
    expect(await subject.task("a")).toMatchObject({
      state: "cancelled",
      reason: "replaced",
      gate: undefined,
    });
    expect(await subject.task("b")).toMatchObject({ state: "ready", gate: atKey });
    const limit = { namespace: defaultNamespace, kind: "key", subject: "tenant" } as const;
    expect(await subject.store.getLimit(limit)).toMatchObject({ leased: 1, waiting: 1 });
    await subject.settle(running, done);
    expect(await subject.claimOne()).toMatchObject({ id: "b" });
  });

  test("a task that replaces the first of an order comes after those that were behind it", async (subject) => {
    const ordered = { ties: tiesOf({ orderingKey: "o" }) };
    await subject.accept(uniqueTask("a", {}, ordered), newTask("b", ordered));
    await subject.accept(uniqueTask("c", { onConflict: "replace" }, ordered));
    const first = await subject.claimOne();
    expect(first.id).toBe("b");
    expect(await subject.claim()).toEqual([]);
    await subject.settle(first, done);
    expect(await subject.claimOne()).toMatchObject({ id: "c" });
  });

  test("a unique task that is moved away from its gate keeps its key", async (subject) => {
    await putLimit(subject, "queue", String(defaultQueue), { concurrency: 0 });
    await subject.accept(uniqueTask("a", {}, { ties }));
    expect(await subject.edit(refOf("a"), { queue: queueNameOf("other") })).toBe("applied");
    expect(await claimOf(subject)).toMatchObject({ taskId: "a", freeAt: undefined });
    const [moved] = await subject.claim({ queues: [queueNameOf("other")] });
    expect(moved?.id).toBe("a");
    if (moved) await subject.settle(moved, done);
    expect(await claimOf(subject)).toBeUndefined();
  });
}

function debounceCases({ case: test }: Suite): void {
  test("a task that waits at a gate is written over, and stays there", async (subject) => {
    const running = await full(subject);
    await subject.accept(debounced(subject, "a", "first"));
    subject.advance(100);
    await subject.stage();
    await subject.accept(newTask("behind", { ties }));
    const content = "second, and longer";
    expect(await subject.accept(debounced(subject, "b", content))).toEqual([
      { unique: "updated", holder: "a" },
    ]);
    expect(await subject.task("a")).toMatchObject({ state: "ready", gate: atKey, content: bytesOf(content) });
    await subject.settle(running, done);
    const granted = await subject.claim();
    expect(granted).toMatchObject([{ id: "a", content: bytesOf(content) }]);
    if (granted[0]) await subject.settle(granted[0], done);
    expect(await subject.claimOne()).toMatchObject({ id: "behind" });
  });

  test("a debounced task that is due later stands at its gate by the priority that came last", async (subject) => {
    const running = await full(subject);
    await subject.accept(newTask("urgent", { ties, priority: 8 }));
    await subject.accept(
      debounced(subject, "a", "first"),
      debounced(subject, "b", "second", { priority: 9 }),
    );
    subject.advance(100);
    await subject.stage();
    await subject.settle(running, done);
    expect(await subject.claimOne()).toMatchObject({ id: "a", content: bytesOf("second") });
  });

  test("a task that came before its name had a limit is written over behind that", async (subject) => {
    await subject.accept(debounced(subject, "a", "first", { ties: undefined }));
    subject.advance(100);
    await subject.stage();
    await putLimit(subject, "name", "mail.send", { concurrency: 0 });
    await subject.accept(debounced(subject, "b", "second", { ties: undefined }));
    expect(await subject.task("a")).toMatchObject({
      ...{ gate: { kind: "name", subject: "mail.send" }, content: bytesOf("second") },
    });
    expect(await subject.claim()).toEqual([]);
    await putLimit(subject, "name", "mail.send", { concurrency: 1 });
    expect(await subject.claimOne()).toMatchObject({ id: "a", content: bytesOf("second") });
  });

  test("a task with other keys or labels is no version of one that is there", async (subject) => {
    await subject.accept(debounced(subject, "a", "first"));
    const others = [
      undefined,
      tiesOf({ limitKey: "other" }),
      tiesOf({ limitKey: "tenant", labels: { gpu: "yes" } }),
    ];
    for (const other of others)
      expect(await subject.accept(debounced(subject, "b", "second", { ties: other }))).toEqual([
        { unique: "taken", holder: "a" },
      ]);
    expect((await subject.task("a")).content).toEqual(bytesOf("first"));
    const same = debounced(subject, "b", "second", { ties: tiesOf({ limitKey: "tenant" }) });
    expect(await subject.accept(same)).toEqual([{ unique: "updated", holder: "a" }]);
  });
}

function operatorCases({ case: test }: Suite): void {
  test("a revoked id that comes with keys ends, and holds neither its order nor its gate up", async (subject) => {
    const running = await full(subject);
    const at = subject.now;
    const cancel = { at, reason: "not needed", requester: undefined };
    await subject.store.revoke([{ ref: refOf("a"), cancel, until: plus(at, 1000) }], at);
    const tied = { ties: tiesOf({ limitKey: "tenant", orderingKey: "o" }) };
    await subject.accept(uniqueTask("a", {}, tied), newTask("b", tied));
    expect(await subject.task("a")).toMatchObject({ state: "cancelled", gate: undefined });
    expect(await subject.task("b")).toMatchObject({ state: "ready", gate: atKey });
    expect(await claimOf(subject)).toBeUndefined();
    await subject.settle(running, done);
    expect(await subject.claimOne()).toMatchObject({ id: "b" });
  });

  test("a queue whose pause ends by itself hands out what its limits allow", async (subject) => {
    const queue = { namespace: defaultNamespace, queue: defaultQueue };
    await putLimit(subject, "key", "tenant", { concurrency: 2 });
    await subject.store.setPause(
      queue,
      { reason: "", at: subject.now, by: undefined, resumeAt: plus(subject.now, 1000) },
      subject.now,
    );
    await subject.accept(...["a", "b", "c"].map((id) => newTask(id, { ties })));
    expect(await subject.claim()).toEqual([]);
    subject.advance(1000);
    expect(await subject.store.endPauses([queue], subject.now)).toEqual([queue]);
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  test("a purge of a queue ends what waits at gates, with its keys", async (subject) => {
    await full(subject);
    await subject.accept(uniqueTask("a", {}, { ties }));
    const queue = { namespace: defaultNamespace, queue: defaultQueue };
    const { upTo } = await subject.store.purgeMark(queue);
    expect(await subject.store.purge(queue, upTo, subject.now, 10)).toBe(1);
    expect(await claimOf(subject)).toBeUndefined();
  });
}
