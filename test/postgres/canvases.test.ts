import { expect } from "vitest";
import { expandMembers } from "../../server/src/canvas/expand.ts";
import { barrierIdOf, canvasIdOf, defaultNamespace, partIdOf } from "../../server/src/model/ids.ts";
import type { Store } from "../../server/src/ports/store.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { claimRequest, only } from "../contract/subject.ts";
import { chord, group, leaf, newCanvas, unmarked } from "../support/new-canvas.ts";
import { defaultQueue } from "../support/new-task.ts";
import { openTwice, settleAt } from "../support/stores-together.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";
import { statistic } from "./statistics.ts";

const rootOf = (canvas: string) => ({ namespace: defaultNamespace, id: barrierIdOf(canvas) });
const leaves = (count: number, name = "m") => Array.from({ length: count }, (_, at) => leaf(`${name}${at}`));
const claimAll = (store: Store, { now }: SharedStore): Promise<readonly Claimed[]> =>
  store.claim(claimRequest(now, { limit: 1000 }));

/** The barriers of a canvas below its outermost one. */
const barriersIn = async (store: Store, canvas: string) => {
  const page = { namespace: defaultNamespace, canvas: canvasIdOf(canvas), after: undefined, limit: 1000 };
  return (await store.listBarriers(page)).filter(({ place }) => place !== undefined);
};

/** How often rows of barriers were changed. */
const changesOfBarriers = (shared: SharedStore): Promise<number> =>
  statistic(shared, "SELECT sum(n_tup_upd) FROM pg_stat_user_tables WHERE relname = 'barriers'");

/** How many rows were read, of whatever table. */
const rowsRead = (shared: SharedStore): Promise<number> =>
  statistic(shared, "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables");

postgresTests((test) => {
  test("members that two servers settle at once count once each, and what follows is made once", async (shared) => {
    const [first, second] = await openTwice(shared);
    const inner = Array.from({ length: 10 }, (_, at) => group("wait", ...leaves(12, `${at}-`)));
    await first.submitCanvas(newCanvas("c", chord(leaf("body"), ...inner)), shared.now);
    const claimed = await claimAll(first, shared);
    expect(claimed).toHaveLength(120);
    // Members of one group in one call and in several, in turn at both.
    const calls = Array.from({ length: 30 }, (_, at) => claimed.filter((_each, i) => i % 30 === at));
    await Promise.all(calls.map((own, at) => settleAt(at % 2 === 0 ? first : second, shared, own)));
    const barriers = await barriersIn(second, "c");
    expect(barriers.map(({ state, ended, size }) => [state, ended, size]).toSorted()).toEqual([
      ["succeeded", 10, 10],
      ...inner.map(() => ["succeeded", 12, 12]),
    ]);
    const body = only([...(await claimAll(first, shared)), ...(await claimAll(second, shared))]);
    await settleAt(second, shared, [body as Claimed]);
    expect(only(await first.readBarriers([rootOf("c")]))).toMatchObject({ state: "succeeded", ended: 1 });
  });

  test("a canvas that both servers are given is stored once, and members that both add come in once each", async (shared) => {
    const [first, second] = await openTwice(shared);
    const canvas = newCanvas("c", { ...group("wait", ...leaves(3)), isOpen: true });
    const verdicts = await Promise.all([
      first.submitCanvas(canvas, shared.now),
      second.submitCanvas(canvas, shared.now),
    ]);
    expect(verdicts.toSorted()).toEqual(["accepted", "duplicate"]);
    const barrier = only(await barriersIn(first, "c"));
    const add = (store: Store, request: string) => {
      const root = { namespace: defaultNamespace, canvas: canvasIdOf("c"), seed: request, mark: unmarked };
      const id = barrier?.id ?? barrierIdOf("");
      const { start, parts } = expandMembers(leaves(2, request), id, root, []);
      const members = { ...start, id: partIdOf(request) };
      const ref = { namespace: defaultNamespace, id };
      return store.addMembers({ ref, members, parts, isLast: false }, shared.now);
    };
    const requests = Array.from({ length: 8 }, (_, at) => `request-${at}-`);
    const added = await Promise.all(
      requests.flatMap((request) => [add(first, request), add(second, request)]),
    );
    const firsts = (kind: string) =>
      added.flatMap((each) => (each.kind === kind && "first" in each ? each.first : []));
    const indexes = requests.map((_, at) => 3 + 2 * at);
    expect(firsts("added").toSorted((a, b) => a - b)).toEqual(indexes);
    expect(firsts("duplicate").toSorted((a, b) => a - b)).toEqual(indexes);
    await settleAt(first, shared, await claimAll(first, shared));
    expect(only(await barriersIn(second, "c"))).toMatchObject({ state: "open", size: 19, ended: 19 });
  });

  test("the end of a member costs as much in a large group as in a small one", async (shared) => {
    const rowsOfEnds = async (id: string, size: number): Promise<number> => {
      const store = await shared.open();
      await store.submitCanvas(newCanvas(id, group("wait", ...leaves(size, id))), shared.now);
      await shared.server.sql("ANALYZE");
      const claimed = await store.claim(claimRequest(shared.now, { limit: 20 }));
      await store.close();
      const before = await rowsRead(shared);
      const again = await shared.open();
      for (const each of claimed) await settleAt(again, shared, [each]);
      await again.close();
      return (await rowsRead(shared)) - before;
    };
    const large = await rowsOfEnds("l", 5000);
    const idle = await shared.open();
    await idle.purge(
      { namespace: defaultNamespace, queue: defaultQueue },
      Number.MAX_SAFE_INTEGER,
      shared.now,
      10_000,
    );
    await idle.close();
    const small = await rowsOfEnds("s", 20);
    expect(large).toBeLessThan(small * 3 + 1000);
  });

  test("members that end together change their barrier once", async (shared) => {
    const store = await shared.open();
    await store.submitCanvas(newCanvas("c", chord(leaf("body"), ...leaves(200))), shared.now);
    const claimed = await claimAll(store, shared);
    await store.close();
    const before = await changesOfBarriers(shared);
    const again = await shared.open();
    await settleAt(again, shared, claimed);
    expect(await claimAll(again, shared)).toHaveLength(1);
    await again.close();
    expect((await changesOfBarriers(shared)) - before).toBe(1);
  });
});
