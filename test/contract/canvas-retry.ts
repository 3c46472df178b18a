import { expect } from "vitest";
import { canvasIdOf, defaultNamespace, plus } from "../../server/src/model/ids.ts";
import { defaults } from "../../server/src/model/limits.ts";
import { calling, chain, chord, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { close, failingAt, retry, runAll } from "./canvas-retry-subject.ts";
import {
  addTo,
  canvasOf,
  failing,
  named,
  replace,
  rootOf,
  runOnce,
  tasksOf,
  textOf,
  valueLeft,
} from "./canvas-subject.ts";
import { refOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** What a retried canvas runs again, and what it does not. */
export function canvasRetryCases(suite: Suite): void {
  const { case: test } = suite;

  test("a retried chord runs the member that failed, and its body is handed all results in order", async (subject) => {
    const { store } = subject;
    const node = chain(group("wait", leaf("a"), leaf("bad"), leaf("c")), leaf("body"));
    await store.submitCanvas(newCanvas("c", node, { name: "n", tags: ["t"] }), subject.now);
    await runOnce(subject, failingAt("bad"));
    expect(await retry(subject, "c", "d")).toEqual({ id: "d", started: 1, deduplicated: false });
    const { canvasFacts: old } = await canvasOf(subject, "c");
    expect(await canvasOf(subject, "d")).toMatchObject({
      ...{ state: "open", size: 1, ended: 0, lineage: { parentId: undefined, rootId: "d" } },
      canvasFacts: {
        ...{ name: "n", tags: ["t"], retryOf: "c", description: old?.description, purgeAt: undefined },
        retentionMs: old?.retentionMs,
      },
    });
    const bad = await subject.claimOne();
    const before = await tasksOf(subject, { canvas: canvasIdOf("c"), states: ["failed"] });
    expect(textOf(bad.content)).toBe("bad");
    expect(await subject.task(bad.id)).toMatchObject({
      ...{ replayOf: before[0]?.id, attempt: 1, place: { canvas: "d", index: 1 } },
      lineage: { parentId: undefined, rootId: "d" },
    });
    expect((await subject.store.readReplays([refOf(before[0]?.id ?? "")]))[0]).toMatchObject({
      taskId: bad.id,
    });
    await subject.settle(bad, { kind: "succeeded", result: bytesOf("good") });
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["a", "good", "c"]);
    await subject.settle(body, named(body));
    expect(await canvasOf(subject, "d")).toMatchObject({ state: "succeeded", ended: 1, unsuccessful: 0 });
    expect(await valueLeft(subject, "d")).toBe("body");
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed" });
  });

  test("a retried chain goes on at the step that failed, with what it was handed, and what its links say", async (subject) => {
    const details = linking(linkOn("succeeded", { task: { content: bytesOf("called") } }));
    await subject.store.submitCanvas(
      newCanvas("c", chain(leaf("a"), leaf("b", details, { hands: { member: "from" } }), leaf("z"))),
      subject.now,
    );
    await runOnce(subject);
    await runOnce(subject, failingAt("b"));
    expect(await retry(subject, "c", "d")).toMatchObject({ started: 1 });
    const b = await subject.claimOne();
    expect(b.input).toMatchObject({ on: "succeeded", member: "from", isHanded: true, data: bytesOf("a") });
    await subject.settle(b, named(b));
    expect(await runOnce(subject)).toEqual(["called", "z"]);
    expect(await valueLeft(subject, "d")).toBe("z");
  });

  test("what is nested is retried where it failed, and what is around it goes on", async (subject) => {
    const inner = chain(leaf("b"), chord(leaf("body"), leaf("bad"), leaf("d")), leaf("e"));
    await subject.store.submitCanvas(
      newCanvas("c", chain(leaf("a"), group("wait", inner, leaf("f")), leaf("z"))),
      subject.now,
    );
    await runOnce(subject);
    expect(await runOnce(subject)).toEqual(["b", "f"]);
    expect(await runOnce(subject, failingAt("bad"))).toEqual(["bad", "d"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed" });
    await retry(subject, "c", "d");
    expect(await runOnce(subject)).toEqual(["bad"]);
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["bad", "d"]);
    await subject.settle(body, named(body));
    expect(await runOnce(subject)).toEqual(["e"]);
    const z = await subject.claimOne();
    expect(await valueLeft(subject, z.input?.from ?? "")).toEqual(["e", "f"]);
    await subject.settle(z, named(z));
    expect(await canvasOf(subject, "d")).toMatchObject({ state: "succeeded" });
  });

  test("a body that failed runs again, and is handed what its header left in the old canvas", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", chord(leaf("body"), leaf("a"), leaf("b"))), subject.now);
    await runOnce(subject);
    await runOnce(subject, failingAt("body"));
    await retry(subject, "c", "d");
    const body = await subject.claimOne();
    expect(body.input).toMatchObject({ isBarrier: true, isHanded: true });
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["a", "b"]);
    await subject.settle(body, named(body));
    expect(await valueLeft(subject, "d")).toBe("body");
  });

  test("what a cancelled canvas had not begun begins after what had succeeded, handed what that left", async (subject) => {
    const { store } = subject;
    await store.submitCanvas(
      newCanvas("c", chain(leaf("a"), group("wait", leaf("b"), chain(leaf("d"), leaf("e"))), leaf("z"))),
      subject.now,
    );
    const a = await subject.claimOne();
    await close(subject, "c");
    await subject.cancel(a.id);
    await subject.settle(a, named(a));
    expect(await subject.claim()).toEqual([]);
    expect(await retry(subject, "c", "d")).toMatchObject({ started: 2 });
    const members = await subject.claim();
    expect(members.map(({ content }) => textOf(content)).toSorted()).toEqual(["b", "d"]);
    for (const one of members) {
      expect(one.input).toMatchObject({ data: bytesOf("a"), isHanded: true, on: "succeeded" });
      await subject.settle(one, named(one));
    }
    await close(subject, "d");
    expect(await runOnce(subject)).toEqual(["e"]);
    expect(await subject.claim()).toEqual([]);
    expect(await retry(subject, "d", "f")).toMatchObject({ started: 1 });
    const z = await subject.claimOne();
    expect(await valueLeft(subject, z.input?.from ?? "")).toEqual(["b", "e"]);
    await subject.settle(z, named(z));
    expect(await valueLeft(subject, "f")).toBe("z");
  });

  test("a retry that fails is retried, and all results are there however often", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas("1", chain(group("wait", leaf("x"), leaf("y"), leaf("z")), leaf("body"))),
      subject.now,
    );
    expect(await runOnce(subject, failingAt("y", "z"))).toEqual(["x", "y", "z"]);
    await retry(subject, "1", "2");
    expect(await runOnce(subject, failingAt("z"))).toEqual(["y", "z"]);
    expect(await canvasOf(subject, "2")).toMatchObject({
      state: "failed",
      cause: { reason: "non_retryable" },
    });
    await retry(subject, "2", "3");
    expect(await runOnce(subject)).toEqual(["z"]);
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["x", "y", "z"]);
    await subject.settle(body, failing);
    await retry(subject, "3", "4");
    const again = await subject.claimOne();
    expect(await valueLeft(subject, again.input?.from ?? "")).toEqual(["x", "y", "z"]);
  });

  test("callbacks are for the ends of the retried group, and counts are those of all its members", async (subject) => {
    const node = (["succeeded", "failed", "attempted"] as const).reduce(
      (inner, on) => calling(inner, on, on),
      group("fail_fast", leaf("a"), leaf("bad")),
    );
    await subject.store.submitCanvas(newCanvas("c", node), subject.now);
    await runOnce(subject, failingAt("bad"));
    expect(await runOnce(subject)).toEqual(["attempted", "failed"]);
    await retry(subject, "c", "d");
    expect(await runOnce(subject)).toEqual(["bad"]);
    expect(await runOnce(subject)).toEqual(["attempted", "succeeded"]);
    expect(await valueLeft(subject, "d")).toEqual(["a", "bad"]);
  });

  test("what was put in the place of a task, and what was added to its group, is retried, too", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas("c", chain(group("wait", leaf("a"), leaf("b"), leaf("d")), leaf("body"))),
      subject.now,
    );
    const [a, b, d] = await subject.claim();
    if (a === undefined || b === undefined || d === undefined) throw new Error("three were to be had");
    await replace(subject, a, chain(leaf("x"), leaf("bad")));
    await addTo(subject, b, leaf("worse"), leaf("y"));
    await subject.settle(d, failing);
    expect(await runOnce(subject, failingAt("worse"))).toEqual(["worse", "x", "y"]);
    expect(await runOnce(subject, failingAt("bad"))).toEqual(["bad"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed" });
    expect(await retry(subject, "c", "e")).toMatchObject({ started: 3 });
    expect(await runOnce(subject)).toEqual(["bad", "d", "worse"]);
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["bad", "b", "d", "worse", "y"]);
  });

  test("a task runs again whose replacement came too late to begin", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", chain(leaf("a"), leaf("z"))), subject.now);
    const a = await subject.claimOne();
    await close(subject, "c");
    await replace(subject, a, leaf("x"));
    expect(await subject.claim()).toEqual([]);
    await retry(subject, "c", "d");
    expect(await runOnce(subject)).toEqual(["a"]);
    expect(await runOnce(subject)).toEqual(["z"]);
  });

  test("a task that could not be made is made by a retry, also one that was to start at once", async (subject) => {
    const claiming = (key: string) => ({
      policy: { unique: { until: "ended", forMs: 0 } as const },
      unique: { key, onConflict: "return", keepUntil: undefined, startBy: undefined } as const,
    });
    await subject.accept(newTask("one", { ...claiming("k"), priority: 0 }));
    await subject.accept(newTask("two", { ...claiming("l"), priority: 0 }));
    await subject.store.submitCanvas(
      newCanvas(
        "c",
        group(
          "wait",
          leaf("a", claiming("k")),
          chain(leaf("b"), group("wait", leaf("d", claiming("l")), leaf("e"))),
        ),
      ),
      subject.now,
    );
    const b = await subject.claimOne();
    await subject.settle(b, named(b));
    const e = await subject.claimOne();
    await subject.settle(e, named(e));
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed", cause: { reason: "not_made" } });
    await expect(retry(subject, "c", "d")).rejects.toMatchObject({
      problem: { reason: "UNIQUE_TAKEN", key: "k", holderTaskId: "one" },
    });
    expect(await subject.store.readBarriers([rootOf("d")])).toEqual([undefined]);
    await runOnce(subject);
    expect(await retry(subject, "c", "d")).toMatchObject({ started: 2 });
    const [first, second] = await subject.claim();
    expect([first, second].map((one) => textOf(one?.content)).toSorted()).toEqual(["a", "d"]);
    const d = textOf(first?.content) === "d" ? first : second;
    expect(d?.input).toMatchObject({ data: bytesOf("b") });
    for (const one of [first, second]) if (one !== undefined) await subject.settle(one, named(one));
    expect(await valueLeft(subject, "d")).toEqual(["a", ["d", "e"]]);
  });

  test("a retry is submitted once for each id, and of a canvas that has ended without success", async (subject) => {
    const { store } = subject;
    await store.submitCanvas(newCanvas("c", group("wait", leaf("bad"), leaf("worse"))), subject.now);
    await store.submitCanvas(newCanvas("e", leaf("a")), subject.now);
    await expect(retry(subject, "c", "d")).rejects.toMatchObject({
      problem: { reason: "CANVAS_NOT_FAILED", canvasId: "c", state: "open" },
    });
    await runOnce(subject, failingAt("bad", "worse"));
    await expect(retry(subject, "e", "d")).rejects.toMatchObject({
      problem: { reason: "CANVAS_NOT_FAILED", canvasId: "e", state: "succeeded" },
    });
    await expect(retry(subject, "nobody", "d")).rejects.toMatchObject({
      problem: { reason: "CANVAS_UNKNOWN", canvasId: "nobody" },
    });
    await expect(retry(subject, "c", "e")).rejects.toMatchObject({
      problem: { reason: "CANVAS_EXISTS", canvasId: "e" },
    });
    await expect(retry(subject, "c", "d", 1)).rejects.toMatchObject({
      problem: { reason: "BATCH_TOO_LARGE", field: "canvas_id", items: 2, itemsMax: 1 },
    });
    expect(await retry(subject, "c", "d")).toMatchObject({ started: 2, deduplicated: false });
    expect(await retry(subject, "c", "d")).toMatchObject({ started: 2, deduplicated: true });
    expect(await runOnce(subject)).toEqual(["bad", "worse"]);
    expect(await runOnce(subject)).toEqual([]);
  });

  test("a retried canvas has as much time as the old one had", async (subject) => {
    const deadline = plus(subject.now, 100);
    await subject.store.submitCanvas(newCanvas("c", leaf("a"), { deadline }), subject.now);
    subject.advance(70);
    await runOnce(subject, failingAt("a"));
    await retry(subject, "c", "d");
    expect((await canvasOf(subject, "d")).canvasFacts?.deadline).toBe(plus(subject.now, 100));
    expect(await subject.store.overdueCanvases(plus(subject.now, 99), 10)).toEqual([]);
    expect(await subject.store.overdueCanvases(plus(subject.now, 100), 10)).toEqual([rootOf("d")]);
  });

  test("a canvas is kept as long as one that retries it, and so are its tasks", async (subject) => {
    const { store } = subject;
    const node = chain(group("wait", leaf("a"), leaf("bad")), leaf("z"));
    await store.submitCanvas(newCanvas("1", node, { retentionMs: 1000 }), subject.now);
    await runOnce(subject, failingAt("bad"));
    await retry(subject, "1", "2");
    subject.advance(1000);
    await runOnce(subject, failingAt("bad"));
    await retry(subject, "2", "3");
    subject.advance(10_000_000);
    await store.prune(subject.now, 100);
    expect(await store.pruneCanvases(subject.now, 10)).toBe(0);
    expect(await runOnce(subject)).toEqual(["bad"]);
    const z = await subject.claimOne();
    expect(await valueLeft(subject, z.input?.from ?? "")).toEqual(["a", "bad"]);
    await subject.settle(z, named(z));
    subject.advance(1000);
    let gone = 0;
    for (let round = 0; round < 3; round += 1) gone += await store.pruneCanvases(subject.now, 10);
    expect(gone).toBe(3);
    subject.advance(defaults.deadLetterRetentionMs);
    await store.prune(subject.now, 100);
    expect(await tasksOf(subject, {})).toEqual([]);
  });

  test("a canvas is not stored that retries one which is not kept", async (subject) => {
    const canvas = newCanvas("d", leaf("a"), { retryOf: canvasIdOf("c") });
    expect(await subject.store.submitCanvas(canvas, subject.now)).toBe("gone");
    expect(await subject.store.readBarriers([rootOf("d")])).toEqual([undefined]);
    expect(await tasksOf(subject, {})).toEqual([]);
  });

  test("a retried group to which members come takes further ones until it is sealed", async (subject) => {
    const { store } = subject;
    const open = { ...group("fail_fast", leaf("a"), leaf("bad")), isOpen: true };
    await store.submitCanvas(newCanvas("c", open), subject.now);
    await runOnce(subject, failingAt("bad"));
    await retry(subject, "c", "d");
    expect(await runOnce(subject)).toEqual(["bad"]);
    const barriers = await store.listBarriers({
      ...{ namespace: defaultNamespace, canvas: canvasIdOf("d"), after: undefined, limit: 10 },
    });
    const inner = barriers.find(({ id }) => id !== rootOf("d").id);
    if (inner === undefined) throw new Error("there is a group");
    expect(inner).toMatchObject({ state: "open", isSealed: false, size: 2, ended: 2 });
    const ref = { namespace: defaultNamespace, id: inner.id };
    const members = { ...newCanvas("none", leaf("none")).start, tasks: [] };
    await store.addMembers({ ref, members, parts: [], isLast: true }, subject.now);
    expect(await valueLeft(subject, "d")).toEqual(["a", "bad"]);
    expect(await canvasOf(subject, "d")).toMatchObject({ state: "succeeded" });
  });

  test("a retry that needs the record of a task that was removed is refused", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", group("wait", leaf("a"), leaf("bad"))), subject.now);
    await runOnce(subject, failingAt("bad"));
    const [bad] = await tasksOf(subject, { states: ["failed"] });
    await subject.store.remove([refOf(bad?.id ?? "")], subject.now);
    await expect(retry(subject, "c", "d")).rejects.toMatchObject({
      problem: { reason: "TASK_UNKNOWN", taskId: bad?.id },
    });
    expect(await subject.store.readBarriers([rootOf("d")])).toEqual([undefined]);
  });

  test("of many members all that succeeded are kept, and all that failed run again", async (subject) => {
    const { store } = subject;
    const names = Array.from({ length: 1400 }, (_, at) => (at % 4 === 0 ? `good ${at}` : `bad ${at}`));
    const members = group("wait", ...names.map((name) => leaf(name)));
    await store.submitCanvas(newCanvas("c", chain(members, leaf("body"))), subject.now);
    await runAll(subject, (one) => (textOf(one.content).startsWith("bad") ? failing : named(one)));
    expect(await retry(subject, "c", "d")).toMatchObject({ started: 1050 });
    await runAll(subject, named, 1050);
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(names);
  });

  test("retried canvases go on over a restart", async (subject) => {
    const node = chain(leaf("a"), group("wait", leaf("b"), leaf("bad")), leaf("z"));
    await subject.store.submitCanvas(newCanvas("c", node), subject.now);
    await runOnce(subject);
    await runOnce(subject, failingAt("bad"));
    await subject.reopen();
    await retry(subject, "c", "d");
    const before = await canvasOf(subject, "d");
    await subject.reopen();
    expect(await canvasOf(subject, "d")).toEqual(before);
    const bad = await subject.claimOne();
    expect(bad.input).toMatchObject({ data: bytesOf("a"), isHanded: true });
    await subject.reopen();
    await subject.settle(bad, named(bad));
    const z = await subject.claimOne();
    expect(await valueLeft(subject, z.input?.from ?? "")).toEqual(["b", "bad"]);
  });
}
