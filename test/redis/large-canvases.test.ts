import { expect } from "vitest";
import { barrierIdOf, canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { claimRequest, refOf, settlementOf, taskQuery } from "../contract/subject.ts";
import { chain, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { newTask } from "../support/new-task.ts";
import { until } from "../support/until.ts";
import { redisTests, type SharedStore } from "./shared-store.ts";

const done = { kind: "succeeded", result: undefined } as const;

const leaves = (count: number) => Array.from({ length: count }, (_, at) => leaf(`leaf ${at}`));

/** How many tasks of a canvas there are. */
async function count(store: Store, canvas: string): Promise<number> {
  let [found, after] = [0, undefined as number | undefined];
  for (;;) {
    const page = await store.list(taskQuery({ canvas: canvasIdOf(canvas), full: false, after }));
    found += page.tasks.length;
    after = page.cursor;
    if (after === undefined) return found;
  }
}

async function runAll(store: Store, { now }: SharedStore): Promise<number> {
  const claimed = await store.claim(claimRequest(now));
  await store.settle(claimed.map((each) => settlementOf(each, done, now)));
  return claimed.length;
}

const isLeft = async ({ server, url }: SharedStore): Promise<boolean> =>
  (await server.command("EXISTS", `{${new URL(url).searchParams.get("prefix")}:default}:co`)) === 1;

/** A server accepts a canvas, and loses its connection before all of its tasks are stored. */
async function leaveHalf(shared: SharedStore): Promise<void> {
  const store = await shared.open();
  // The namespace is there, so that nothing but the canvas is under way.
  await store.accept({ tasks: [newTask("before")], now: shared.now, atomic: false });
  const submitting = store.submitCanvas(newCanvas("c", group("wait", ...leaves(6000))), shared.now);
  await until(() => isLeft(shared), { deadlineMs: 50_000, what: "the rest", everyMs: 1 });
  await shared.server.command("CLIENT", "KILL", "TYPE", "normal");
  expect(await submitting).toBe("accepted");
  expect(await isLeft(shared)).toBe(true);
}

redisTests(
  (test) => {
    test("more tasks than one script stores are all there when a canvas was accepted, and when a part of it was started", async (shared) => {
      const store = await shared.open();
      const tree = chain(group("wait", ...leaves(1200)), group("wait", ...leaves(700)), leaf("last"));
      expect(await store.submitCanvas(newCanvas("c", tree), shared.now)).toBe("accepted");
      expect(await count(store, "c")).toBe(1200);
      expect([await runAll(store, shared), await runAll(store, shared)]).toEqual([1000, 200]);
      expect(await count(store, "c")).toBe(1900);
      expect([await runAll(store, shared), await runAll(store, shared)]).toEqual([700, 1]);
      const [canvas] = await store.readBarriers([{ namespace: defaultNamespace, id: barrierIdOf("c") }]);
      expect(canvas).toMatchObject({ state: "succeeded" });
    });

    test("nothing of a large canvas is stored where one of its tasks may not come in, and a repeat is one whatever else is in the way", async (shared) => {
      const store = await shared.open();
      await store.accept({ tasks: [newTask("taken")], now: shared.now, atomic: false });
      const taken = leaf("own", {}, { ownId: refOf("taken").id });
      const refused = newCanvas("c", group("wait", ...leaves(1200), taken));
      expect(await store.submitCanvas(refused, shared.now)).toEqual({ task: "taken", why: "exists" });
      expect(await count(store, "c")).toBe(0);
      const accepted = newCanvas("c", group("wait", ...leaves(1200)));
      expect(await store.submitCanvas(accepted, shared.now)).toBe("accepted");
      expect(await store.submitCanvas(refused, shared.now)).toBe("duplicate");
      expect(await count(store, "c")).toBe(1200);
    });

    test("what a server that lost its connection has left of a canvas is stored by the next that prunes", async (shared) => {
      await leaveHalf(shared);
      const other = await shared.open();
      await other.prune(shared.now, 10);
      expect(await isLeft(shared)).toBe(false);
      expect(await count(other, "c")).toBe(6000);
    });

    test("what was left of a canvas that has ended meanwhile is not made, and counts as ended", async (shared) => {
      await leaveHalf(shared);
      const other = await shared.open();
      const page = { namespace: defaultNamespace, canvas: canvasIdOf("c"), after: undefined, limit: 10 };
      const ref = (await other.listBarriers(page)).find(({ place }) => place !== undefined);
      if (ref === undefined) throw new Error("there is a group");
      const closing = { state: "failed", cause: undefined, now: shared.now } as const;
      expect(await other.closeBarrier({ ref, ...closing })).toBe(true);
      const stored = await count(other, "c");
      await other.prune(shared.now, 10);
      expect(await isLeft(shared)).toBe(false);
      expect(await count(other, "c")).toBe(stored);
      expect(await other.readBarriers([ref])).toMatchObject([{ size: 6000, ended: 6000 - stored }]);
    });
  },
  { isSafe: false },
);
