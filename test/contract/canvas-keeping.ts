import { expect } from "vitest";
import { expandMembers } from "../../server/src/canvas/expand.ts";
import { canvasIdOf, defaultNamespace, partIdOf, plus } from "../../server/src/model/ids.ts";
import type { OnConflict } from "../../server/src/model/unique.ts";
import { calling, chain, chord, group, leaf, newCanvas, unmarked } from "../support/new-canvas.ts";
import { newTask } from "../support/new-task.ts";
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

/** How canvases come in, grow, are found and go. */
export function canvasKeepingCases(suite: Suite): void {
  const { case: test } = suite;

  test("a canvas is submitted once: a repeat is a duplicate, and other content is refused", async (subject) => {
    const canvas = newCanvas("c", chord(leaf("body"), leaf("a")));
    expect(await subject.store.submitCanvas(canvas, subject.now)).toBe("accepted");
    expect(await subject.store.submitCanvas(canvas, subject.now)).toBe("duplicate");
    expect(
      await subject.store.submitCanvas(newCanvas("c", leaf("z"), { contentHash: "other" }), subject.now),
    ).toBe("exists");
    expect(await tasksOf(subject, {})).toHaveLength(1);
  });

  test("nothing of a canvas is stored where one of its tasks may not come in", async (subject) => {
    await subject.accept(newTask("taken"));
    const own = leaf("b", {}, { ownId: refOf("taken").id });
    const refused = await subject.store.submitCanvas(
      newCanvas("c", group("wait", leaf("a"), own)),
      subject.now,
    );
    expect(refused).toEqual({ task: "taken", why: "exists" });
    expect(await subject.store.readBarriers([rootOf("c")])).toEqual([undefined]);
    expect(await tasksOf(subject, {})).toHaveLength(1);
  });

  test("a task whose unique key is another's keeps its canvas out where it wants to be refused, and else has failed in it", async (subject) => {
    const claiming = (onConflict: OnConflict) => ({
      policy: { unique: { until: "ended", forMs: 0 } as const },
      unique: { key: "k", onConflict, keepUntil: undefined, startBy: undefined },
    });
    await subject.accept(newTask("holder", claiming("reject")));
    const members = (onConflict: OnConflict) => group("wait", leaf("a"), leaf("b", claiming(onConflict)));
    const refused = await subject.store.submitCanvas(newCanvas("c", members("reject")), subject.now);
    expect(refused).toMatchObject({ why: { unique: "taken", holder: "holder" } });
    expect(await subject.store.readBarriers([rootOf("c")])).toEqual([undefined]);
    expect(await subject.store.submitCanvas(newCanvas("d", members("return")), subject.now)).toBe("accepted");
    expect(await runOnce(subject)).toEqual(["a", "content of holder"]);
    expect(await canvasOf(subject, "d")).toMatchObject({ state: "failed", cause: { reason: "not_made" } });
  });

  test("a task of a canvas is not written over by another one with its unique key, and writes over none", async (subject) => {
    const debounced = {
      policy: { unique: { until: "ended", forMs: 0 } },
      unique: { key: "k", onConflict: "debounce", keepUntil: undefined, startBy: undefined },
    } as const;
    const later = { ...debounced, notBefore: plus(subject.now, 1000) };
    await subject.store.submitCanvas(
      newCanvas("c", chain(leaf("a", later, { acceptedAt: subject.now }), leaf("b"))),
      subject.now,
    );
    expect(await subject.accept(newTask("outside", debounced))).toMatchObject([{ unique: "taken" }]);
    subject.advance(1000);
    await subject.stage();
    await runOnce(subject);
    await runOnce(subject);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "succeeded" });
    await subject.accept(newTask("outside", { ...debounced, notBefore: plus(subject.now, 1000) }));
    const [task] = newCanvas("d", leaf("z", debounced)).start.tasks;
    expect(await subject.store.submitCanvas(newCanvas("d", leaf("z", debounced)), subject.now)).toEqual({
      ...{ task: task?.id, why: { unique: "taken", holder: "outside" } },
    });
  });

  test("a task that cannot be made later, because its id is another's, has failed where it stands", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas("c", chain(leaf("a"), leaf("b", {}, { ownId: refOf("taken").id }), leaf("z"))),
      subject.now,
    );
    await subject.accept(newTask("taken", { priority: 0 }));
    await runOnce(subject, named);
    expect(await canvasOf(subject, "c")).toMatchObject({
      ...{ state: "failed", cause: { reason: "not_made", task: "taken" } },
    });
    expect(await valueLeft(subject, "c")).toEqual({ failed: "not_made" });
  });

  test("members are added to an open group until it is sealed, once for each request", async (subject) => {
    const { store } = subject;
    const open = { ...group("wait", leaf("a")), isOpen: true };
    await store.submitCanvas(newCanvas("c", chain(open, leaf("body"))), subject.now);
    await runOnce(subject);
    const [, barrier] = (
      await store.listBarriers({
        namespace: defaultNamespace,
        canvas: canvasIdOf("c"),
        after: undefined,
        limit: 10,
      })
    ).toSorted((x, y) => Number(x.id !== "c") - Number(y.id !== "c"));
    if (barrier === undefined) throw new Error("there is a group");
    const adding = (request: string, isLast: boolean, ...names: readonly string[]) => {
      const root = { namespace: defaultNamespace, canvas: canvasIdOf("c"), seed: request, mark: unmarked };
      const { start, parts } = expandMembers(
        names.map((name) => leaf(name)),
        barrier.id,
        root,
        [],
      );
      const ref = { namespace: defaultNamespace, id: barrier.id };
      return store.addMembers(
        { ref, members: { ...start, id: partIdOf(request) }, parts, isLast },
        subject.now,
      );
    };
    expect(await adding("one", false, "b", "c")).toEqual({ kind: "added", first: 1 });
    expect(await adding("one", false, "b", "c")).toEqual({ kind: "duplicate", first: 1 });
    expect(await runOnce(subject)).toEqual(["b", "c"]);
    expect(await subject.claim()).toEqual([]);
    expect(await adding("two", true, "d")).toEqual({ kind: "added", first: 3 });
    expect(await adding("three", false, "e")).toEqual({ kind: "closed" });
    expect(await adding("two", true, "d")).toEqual({ kind: "duplicate", first: 3 });
    expect(await runOnce(subject)).toEqual(["d"]);
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["a", "b", "c", "d"]);
    await store.submitCanvas(newCanvas("e", { ...group("wait"), isOpen: true }), subject.now);
    expect(await canvasOf(subject, "e")).toMatchObject({ state: "open" });
  });

  test("a settlement may put a tree in the place of its task, which goes on as that would have", async (subject) => {
    const { store } = subject;
    await store.submitCanvas(newCanvas("c", chord(leaf("body"), leaf("a"), leaf("b"))), subject.now);
    const [a, b] = await subject.claim();
    if (a === undefined || b === undefined) throw new Error("two were to be had");
    await replace(subject, a, chain(leaf("x"), leaf("y")));
    await subject.settle(b, named(b));
    expect(await subject.task(a.id)).toMatchObject({ state: "succeeded", reason: "replaced" });
    expect(await runOnce(subject)).toEqual(["x"]);
    expect(await runOnce(subject)).toEqual(["y"]);
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["y", "b"]);
  });

  test("a settlement may add members to the group of its task", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", chord(leaf("body"), leaf("a"), leaf("b"))), subject.now);
    const [a, b] = await subject.claim();
    if (a === undefined || b === undefined) throw new Error("two were to be had");
    await subject.settle(b, named(b));
    await addTo(subject, a, leaf("x"), leaf("y"));
    expect(await runOnce(subject)).toEqual(["x", "y"]);
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["a", "b", "x", "y"]);
  });

  test("canvases are listed newest first, by state, name and tag, page by page", async (subject) => {
    const { store } = subject;
    for (const [id, name, tags] of [
      ["a", "report", ["x"]],
      ["b", "import", ["x", "y"]],
      ["c", "report", ["y"]],
    ] as const)
      await store.submitCanvas(newCanvas(id, leaf(id), { name, tags }), subject.now);
    await runOnce(subject, (one) => (textOf(one.content) === "b" ? failing : named(one)));
    const list = async (query: object) =>
      (
        await store.listCanvases({
          ...{
            namespace: defaultNamespace,
            states: [],
            name: undefined,
            tag: undefined,
            ...{ limit: 10, after: undefined, scanMax: 100 },
          },
          ...query,
        })
      ).canvases.map(({ id }) => id);
    expect(await list({})).toEqual(["c", "b", "a"]);
    expect(await list({ name: "report" })).toEqual(["c", "a"]);
    expect(await list({ tag: "y" })).toEqual(["c", "b"]);
    expect(await list({ states: ["failed"] })).toEqual(["b"]);
    expect(await list({ states: ["failed", "succeeded"], tag: "x" })).toEqual(["b", "a"]);
    const first = await store.listCanvases({
      ...{
        namespace: defaultNamespace,
        states: [],
        name: undefined,
        tag: undefined,
        ...{ limit: 2, after: undefined, scanMax: 100 },
      },
    });
    expect(first.canvases.map(({ id }) => id)).toEqual(["c", "b"]);
    expect(await list({ limit: 2, after: first.cursor })).toEqual(["a"]);
  });

  test("a filter that finds little among many canvases looks at so many a page, and goes on where it ended", async (subject) => {
    const { store } = subject;
    for (let at = 0; at < 20; at += 1) {
      const facts = { name: at === 2 || at === 17 ? "rare" : at === 3 ? "" : "usual", tags: ["t"] };
      await store.submitCanvas(newCanvas(`c${at}`, leaf(`c${at}`), facts), subject.now);
    }
    await runOnce(subject, (one) => (textOf(one.content) === "c5" ? failing : named(one)));
    const any = { namespace: defaultNamespace, states: [], name: undefined, tag: undefined };
    for (const [filter, expected] of [
      [{ states: ["failed"] }, ["c5"]],
      [{ name: "rare", tag: "t" }, ["c17", "c2"]],
      [{ name: "" }, ["c3"]],
      [{ states: ["open"] }, []],
    ] as const) {
      const found: string[] = [];
      let [pages, after] = [0, undefined as number | undefined];
      do {
        const page = await store.listCanvases({ ...any, ...filter, limit: 2, after, scanMax: 4 });
        found.push(...page.canvases.map(({ id }) => id));
        [pages, after] = [pages + 1, page.cursor];
      } while (after !== undefined);
      expect(found, JSON.stringify(filter)).toEqual(expected);
      expect(pages, "each looks at 4 at most").toBeGreaterThanOrEqual(20 / 4);
      expect(pages).toBeLessThanOrEqual(20 / 4 + 3);
    }
  });

  test("tasks are kept as long as their canvas, and that as its retention says", async (subject) => {
    const { store } = subject;
    const canvas = newCanvas(
      "c",
      chain(leaf("a", { policy: { retentionMs: 10 } }), leaf("b", { policy: { retentionMs: 10 } })),
      {
        retentionMs: 7_200_000,
      },
    );
    await store.submitCanvas(canvas, subject.now);
    await runOnce(subject);
    subject.advance(3_600_000);
    await store.prune(subject.now, 100);
    expect(await tasksOf(subject, {})).toHaveLength(2);
    await runOnce(subject);
    subject.advance(7_200_000 - 1);
    await store.prune(subject.now, 100);
    expect(await store.pruneCanvases(subject.now, 10)).toBe(0);
    expect(await tasksOf(subject, {})).toHaveLength(2);
    expect(await valueLeft(subject, "c")).toBe("b");
    subject.advance(1);
    expect(await store.pruneCanvases(subject.now, 10)).toBe(1);
    expect(await store.readBarriers([rootOf("c")])).toEqual([undefined]);
    subject.advance(7_200_000);
    await store.prune(subject.now, 100);
    expect(await tasksOf(subject, {})).toEqual([]);
    expect(await store.submitCanvas(canvas, subject.now)).toBe("duplicate");
  });

  test("a namespace that is cleared keeps no canvas", async (subject) => {
    const { store } = subject;
    await store.submitCanvas(
      newCanvas("c", calling(chain(leaf("a"), leaf("b")), "failed", "called")),
      subject.now,
    );
    for (let round = 0; round < 10; round += 1)
      if ((await store.clearNamespace(defaultNamespace, subject.now, 100)) === "gone") break;
    expect(await store.readBarriers([rootOf("c")])).toEqual([undefined]);
    expect(await tasksOf(subject, {})).toEqual([]);
    expect(await store.submitCanvas(newCanvas("c", leaf("z"), { contentHash: "z" }), subject.now)).toBe(
      "accepted",
    );
  });

  test("canvases go on over a restart", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas("c", chain(chord(leaf("body"), leaf("a"), leaf("b")), leaf("z")), { tags: ["t"], name: "n" }),
      subject.now,
    );
    const before = await canvasOf(subject, "c");
    await subject.reopen();
    expect(await canvasOf(subject, "c")).toEqual(before);
    expect(await runOnce(subject)).toEqual(["a", "b"]);
    await subject.reopen();
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["a", "b"]);
    await subject.settle(body, named(body));
    await subject.reopen();
    expect(await runOnce(subject)).toEqual(["z"]);
    expect(await valueLeft(subject, "c")).toBe("z");
  });
}
