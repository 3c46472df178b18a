import { expect } from "vitest";
import {
  type Instant,
  instantOf,
  namespaceOf,
  plus,
  queueNameOf,
  taskIdOf,
  taskNameOf,
} from "../../server/src/model/ids.ts";
import type { TaskQuery } from "../../server/src/ports/task-store.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `task-${i}`);

/** Lists, page by page. */
export function pageCases({ case: test }: Suite): void {
  test("a list has the newest first, in pages that meet without gap or overlap", async (subject) => {
    await subject.accept(...ids(25).map((id) => newTask(id)));
    const pages = await allPages(subject, { limit: 10 });
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(ids(25).reverse());
  });

  test("the last page says that it is the last, also when it is full", async (subject) => {
    await subject.accept(...ids(20).map((id) => newTask(id)));
    expect((await allPages(subject, { limit: 10 })).map(({ length }) => length)).toEqual([10, 10]);
    expect((await subject.list({ limit: 20 })).cursor).toBeUndefined();
    expect(await subject.list({ queue: queueNameOf("nobody's") })).toEqual({ tasks: [], cursor: undefined });
  });

  test("a page looks at no more tasks than it may, says where to go on, and the pages find all that matches", async (subject) => {
    await subject.accept(...ids(1000).map((id, at) => newTask(id, at % 100 === 7 ? { tags: ["rare"] } : {})));
    const rare = ids(1000).filter((_, at) => at % 100 === 7);
    for (const id of rare) await subject.cancel(id);
    const filters: Partial<TaskQuery>[] = [
      { states: ["cancelled", "ready"], tag: undefined, name: taskNameOf("none") },
      { states: ["cancelled", "failed"] },
      { createdTo: subject.now },
      { queue: queueNameOf("nobody's") },
      {},
    ];
    for (const filter of filters) {
      const all = (await subject.list(filter)).tasks.map(({ id }) => id);
      const found: string[] = [];
      let [pages, after] = [0, undefined as number | undefined];
      do {
        const { tasks, cursor } = await subject.list({ ...filter, scanMax: 150, limit: 40, after });
        found.push(...tasks.map(({ id }) => id));
        expect(tasks.length).toBeLessThanOrEqual(40);
        [pages, after] = [pages + 1, cursor];
      } while (after !== undefined);
      expect(found, JSON.stringify(filter)).toEqual(all);
      expect(pages, "each looks at 150 at most, and finds 40").toBeGreaterThanOrEqual(1000 / 150);
      expect(pages).toBeLessThanOrEqual(1000 / 40 + 1);
    }
    expect(await subject.list({ states: ["scheduled"], scanMax: 5000 })).toEqual({
      tasks: [],
      cursor: undefined,
    });
  });

  test("no task that was there throughout is skipped or shown twice, whatever happens meanwhile", async (subject) => {
    await subject.accept(...ids(30).map((id) => newTask(id, { policy: { retentionMs: 0 } })));
    const seen: string[] = [];
    const removed: string[] = [];
    let after: number | undefined;
    do {
      const { tasks, cursor } = await subject.list({ limit: 7, after });
      seen.push(...tasks.map(({ id }) => id));
      after = cursor;
      // Meanwhile new ones come in, two are leased, and the oldest of all ends and is removed.
      await subject.accept(newTask(`new-${seen.length}`));
      const [oldest] = await subject.claim({ limit: 2 });
      if (oldest) await subject.settle(oldest, { kind: "succeeded", result: undefined });
      removed.push(oldest?.id ?? "");
      expect(await subject.store.prune(subject.now, 1)).toBe(1);
    } while (after !== undefined);
    const missed = ids(30).filter((id) => !seen.includes(id));
    expect(removed).toEqual(expect.arrayContaining(missed));
    expect(seen).toEqual(
      ids(30)
        .reverse()
        .filter((id) => !missed.includes(id)),
    );
  });

  test("a list is filtered by parent and by root, with all else", async (subject) => {
    const family = (parent: string | undefined, root: string) => ({
      lineage: { parentId: parent === undefined ? undefined : taskIdOf(parent), rootId: taskIdOf(root) },
    });
    await subject.accept(
      newTask("root"),
      newTask("a", family("root", "root")),
      newTask("b", { ...family("root", "root"), tags: ["x"] }),
      newTask("c", family("a", "root")),
      newTask("d", family(undefined, "other")),
    );
    await subject.cancel("a");
    const idsOf = async (query: Partial<TaskQuery>) => (await subject.list(query)).tasks.map(({ id }) => id);
    expect(await idsOf({ parentId: taskIdOf("root") })).toEqual(["b", "a"]);
    expect(await idsOf({ rootId: taskIdOf("root") })).toEqual(["c", "b", "a"]);
    expect(await idsOf({ rootId: taskIdOf("root"), states: ["ready"], limit: 1 })).toEqual(["c"]);
    expect(await idsOf({ rootId: taskIdOf("root"), parentId: taskIdOf("a") })).toEqual(["c"]);
    expect(await idsOf({ rootId: taskIdOf("root"), tag: "x" })).toEqual(["b"]);
    expect(await idsOf({ rootId: taskIdOf("nobody") })).toEqual([]);
    expect((await subject.task("c")).lineage).toEqual({ parentId: "a", rootId: "root" });
    expect((await subject.task("d")).lineage).toEqual({ parentId: undefined, rootId: "other" });
    expect((await subject.task("root")).lineage).toBeUndefined();
  });

  test("a list is filtered by state, queue, name and tag, each and all together", async (subject) => {
    const [red, build] = [queueNameOf("red"), taskNameOf("build")];
    await subject.accept(
      newTask("a", { queue: red, name: build, tags: ["x", "y"] }),
      newTask("b", { queue: red, tags: ["y"] }),
      newTask("c", { name: build, tags: ["xy"] }),
      newTask("d", { queue: red, name: build, tags: ["x"], notBefore: plus(subject.now, 10) }),
    );
    await subject.claimOne({ queues: [red] });
    const found = async (query: Partial<TaskQuery>) =>
      (await subject.list(query)).tasks.map(({ id }) => id).join("");
    expect(await found({})).toBe("dcba");
    expect(await found({ states: ["leased"] })).toBe("a");
    expect(await found({ states: ["scheduled", "ready"] })).toBe("dcb");
    expect(await found({ states: ["failed"] })).toBe("");
    expect(await found({ queue: red })).toBe("dba");
    expect(await found({ name: build })).toBe("dca");
    expect(await found({ tag: "x" })).toBe("da");
    expect(await found({ tag: "y" })).toBe("ba");
    expect(await found({ tag: "xy" })).toBe("c");
    expect(await found({ tag: "%" })).toBe("");
    expect(await found({ queue: red, name: build, tag: "x", states: ["scheduled"] })).toBe("d");
  });

  test("a filtered list is paged by the same rules", async (subject) => {
    await subject.accept(...ids(40).map((id, i) => newTask(id, { tags: i % 4 === 0 ? ["fourth"] : [] })));
    const fourth = ids(40)
      .filter((_, i) => i % 4 === 0)
      .reverse();
    expect(await allPages(subject, { tag: "fourth", limit: 5 })).toEqual([
      fourth.slice(0, 5),
      fourth.slice(5),
    ]);
  });

  test("a list covers the time from its beginning up to, and without, its end", async (subject) => {
    const start = subject.now;
    for (const id of ids(4)) {
      await subject.accept(newTask(id));
      subject.advance(100);
    }
    const between = async (from: Instant | undefined, to: Instant | undefined) =>
      (await subject.list({ createdFrom: from, createdTo: to })).tasks.map(({ id }) => id);
    expect(await between(plus(start, 100), plus(start, 300))).toEqual(["task-2", "task-1"]);
    expect(await between(plus(start, 101), undefined)).toEqual(["task-3", "task-2"]);
    expect(await between(undefined, plus(start, 100))).toEqual(["task-0"]);
    expect(await between(instantOf(0), start)).toEqual([]);
  });

  test("a page stays within its bytes, contents and results and failures alike, and holds one task at least", async (subject) => {
    const content = new Uint8Array(1000);
    await subject.accept(...ids(6).map((id) => newTask(id, { content })));
    const [done, broken] = await subject.claim({ limit: 2 });
    if (!done || !broken) throw new Error("two leases were expected");
    await subject.settle(done, { kind: "succeeded", result: content });
    await subject.settle(broken, { kind: "rejected", failure: content });
    const pages = async (bytesMax: number) =>
      (await allPages(subject, { bytesMax })).map((page) => page.map((id) => id.slice(5)).join());
    expect(await pages(2000)).toEqual(["5,4", "3,2", "1", "0"]);
    expect(await pages(2999)).toEqual(["5,4", "3,2", "1", "0"]);
    expect(await pages(4000)).toEqual(["5,4,3,2", "1,0"]);
    expect(await pages(7000)).toEqual(["5,4,3,2,1", "0"]);
    expect(await pages(1)).toEqual(["5", "4", "3", "2", "1", "0"]);
  });

  test("without the full view, contents and results stay behind and do not count", async (subject) => {
    await subject.accept(...ids(3).map((id) => newTask(id, { tags: ["t"] })));
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: bytesOf("42") });
    const { tasks, cursor } = await subject.list({ full: false, bytesMax: 1 });
    expect(cursor).toBeUndefined();
    expect(tasks).toHaveLength(3);
    const { content: _, ...task } = await subject.task("task-0");
    expect(tasks.at(-1)).toEqual({
      ...task,
      content: new Uint8Array(),
      result: undefined,
      failure: undefined,
    });
    expect((await subject.list()).tasks.at(-1)).toEqual(await subject.task("task-0"));
  });

  test("a list shows one namespace", async (subject) => {
    const namespace = namespaceOf("other");
    await subject.accept(newTask("a"), newTask("b", { namespace }));
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["a"]);
    expect((await subject.list({ namespace })).tasks.map(({ id }) => id)).toEqual(["b"]);
    expect((await subject.list({ namespace: namespaceOf("nobodys") })).tasks).toEqual([]);
  });
}

/** The ids of every page, until the last. */
async function allPages(subject: Subject, query: Partial<TaskQuery>): Promise<readonly string[][]> {
  const pages: string[][] = [];
  let after: number | undefined;
  do {
    const { tasks, cursor } = await subject.list({ ...query, after });
    pages.push(tasks.map(({ id }) => id));
    after = cursor;
  } while (after !== undefined);
  return pages;
}
