import { expect } from "vitest";
import type { NewOutput, OutputKind } from "../../server/src/model/task-output.ts";
import { outputKinds } from "../../server/src/model/task-output.ts";
import type { OutputQuery } from "../../server/src/ports/output-store.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { leaseRef, only, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const entry = (seq: number, kind: OutputKind = "chunk", text = `${kind} ${seq}`): NewOutput => ({
  ...{ seq, kind },
  body: bytesOf(text),
});

const write = async ({ store, now }: Subject, claimed: Claimed, ...entries: readonly NewOutput[]) =>
  only(await store.writeOutput([{ ...leaseRef(claimed), entries, now }]));

async function read({ store }: Subject, query: Partial<OutputQuery> = {}, id = "a") {
  const page = await store.readOutput({
    ...{ ref: refOf(id), from: 0, kinds: outputKinds, limit: 100, bytesMax: 1024 * 1024 },
    ...query,
  });
  if (page === undefined) throw new Error(`there is no task ${id}`);
  return { ...page, texts: page.entries.map(({ offset, body }) => `${offset}: ${Buffer.from(body)}`) };
}

async function begin(subject: Subject, id = "a"): Promise<Claimed> {
  await subject.accept(newTask(id));
  return subject.claimOne();
}

const done = { kind: "succeeded", result: undefined } as const;

/** What tasks put out while they run: kept once, in order, within bounds, and as long as the task. */
export function outputCases(suite: Suite): void {
  keepingCases(suite);
  boundCases(suite);
  lifeCases(suite);
}

function keepingCases({ case: test }: Suite): void {
  test("output is read in the order of writing, with who wrote it and when", async (subject) => {
    const claimed = await begin(subject);
    const before = await subject.task("a");
    expect(await write(subject, claimed, entry(1, "log"), entry(2))).toEqual({
      ...{ kind: "written", written: 2, repeated: 0 },
    });
    subject.advance(5);
    await write(subject, claimed, entry(3, "progress"));
    const { entries, ...page } = await read(subject);
    expect(entries).toMatchObject([
      { offset: 0, kind: "log", attempt: 1, delivery: 1, at: subject.now - 5 },
      { offset: 1, kind: "chunk", at: subject.now - 5 },
      { offset: 2, kind: "progress", at: subject.now },
    ]);
    expect(page).toMatchObject({
      ...{ texts: ["0: log 1", "1: chunk 2", "2: progress 3"], gaps: [], next: 3 },
      ...{ hasMore: false, isEnded: false },
    });
    expect(await subject.task("a")).toEqual(before);
  });

  test("output is read from any place on, by kind, so many and so large at a time", async (subject) => {
    const claimed = await begin(subject);
    await write(subject, claimed, entry(1, "log"), entry(2), entry(3, "log"), entry(4), entry(5, "log"));
    expect((await read(subject, { from: 3 })).texts).toEqual(["3: chunk 4", "4: log 5"]);
    const logs = { kinds: ["log"] as const };
    expect(await read(subject, { ...logs, limit: 2 })).toMatchObject({
      ...{ texts: ["0: log 1", "2: log 3"], next: 3, hasMore: true },
    });
    expect(await read(subject, { ...logs, from: 3, limit: 2 })).toMatchObject({
      ...{ texts: ["4: log 5"], next: 5, hasMore: false },
    });
    expect(await read(subject, { ...logs, bytesMax: 1 })).toMatchObject({
      ...{ texts: ["0: log 1"], next: 1, hasMore: true },
    });
    expect(await read(subject, { from: 9 })).toMatchObject({ entries: [], next: 9, hasMore: false });
  });

  test("what a lease has put out before is not kept again; what has no number always is", async (subject) => {
    const claimed = await begin(subject);
    await write(subject, claimed, entry(1), entry(2));
    expect(await write(subject, claimed, entry(1), entry(2), entry(3))).toMatchObject({
      ...{ written: 1, repeated: 2 },
    });
    expect(await write(subject, claimed, entry(3))).toMatchObject({ written: 0, repeated: 1 });
    expect(await write(subject, claimed, entry(0), entry(0))).toMatchObject({ written: 2, repeated: 0 });
    const { texts } = await read(subject);
    expect(texts).toEqual(["0: chunk 1", "1: chunk 2", "2: chunk 3", "3: chunk 0", "4: chunk 0"]);
  });

  test("each lease numbers its own output, and an older one puts out nothing more", async (subject) => {
    const first = await begin(subject);
    await write(subject, first, entry(1), entry(2));
    await subject.settle(first, { kind: "released" });
    expect(await write(subject, first, entry(3))).toEqual({ kind: "lost", state: "ready", why: "settled" });
    const second = await subject.claimOne();
    expect(await write(subject, first, entry(3))).toMatchObject({ kind: "lost", why: "superseded" });
    expect(await write(subject, second, entry(1, "chunk", "again"))).toMatchObject({ written: 1 });
    expect((await read(subject)).texts).toEqual(["0: chunk 1", "1: chunk 2", "2: again"]);
    expect(await write(subject, { ...second, id: refOf("b").id }, entry(1))).toEqual({
      ...{ kind: "lost", state: undefined, why: "task_unknown" },
    });
  });

  test("a lease past its deadline puts out until another has the task", async (subject) => {
    const first = await begin(subject);
    subject.advance(10 * 60_000);
    await subject.reap();
    expect(await write(subject, first, entry(1))).toMatchObject({ written: 1 });
    const second = await subject.claimOne();
    expect(await write(subject, first, entry(2))).toMatchObject({ kind: "lost", why: "superseded" });
    await write(subject, second, entry(1));
    expect((await read(subject)).entries.map(({ delivery }) => delivery)).toEqual([1, 2]);
  });
}

function boundCases({ case: test }: Suite): void {
  const limits = { keptLogLinesMax: 3, keptChunksMax: 100, keptChunkBytesMax: 20 };

  test(
    "beyond its count the oldest of a kind are dropped, which a reader sees, and others stay",
    async (subject) => {
      const claimed = await begin(subject);
      await write(subject, claimed, entry(1, "progress"));
      for (let seq = 2; seq <= 6; seq += 1) await write(subject, claimed, entry(seq, "log"));
      const { texts, gaps } = await read(subject);
      expect(texts).toEqual(["0: progress 1", "3: log 4", "4: log 5", "5: log 6"]);
      expect(gaps).toEqual([{ kind: "log", keptFrom: 3, dropped: 2 }]);
      expect((await read(subject, { from: 3 })).gaps).toEqual([]);
      expect((await read(subject, { kinds: ["progress"] })).gaps).toEqual([]);
    },
    { limits },
  );

  test(
    "beyond its bytes the oldest of a kind are dropped, also several for a large one",
    async (subject) => {
      const claimed = await begin(subject);
      await write(subject, claimed, entry(1, "chunk", "12345"), entry(2, "chunk", "12345"));
      await write(subject, claimed, entry(3, "chunk", "x".repeat(12)));
      expect(await read(subject)).toMatchObject({
        texts: ["1: 12345", `2: ${"x".repeat(12)}`],
        gaps: [{ kind: "chunk", keptFrom: 1, dropped: 1 }],
      });
      await write(subject, claimed, entry(4, "chunk", "y".repeat(21)), entry(5, "chunk", "z"));
      expect(await read(subject)).toMatchObject({
        texts: ["4: z"],
        gaps: [{ kind: "chunk", keptFrom: 4, dropped: 4 }],
      });
    },
    { limits },
  );
}

function lifeCases({ case: test }: Suite): void {
  test("a task that has ended says so with its output, and takes no more", async (subject) => {
    const claimed = await begin(subject);
    await write(subject, claimed, entry(1));
    await subject.settle(claimed, done);
    expect(await read(subject)).toMatchObject({ texts: ["0: chunk 1"], isEnded: true });
    expect(await write(subject, claimed, entry(2))).toMatchObject({ kind: "lost", why: "settled" });
    expect((await read(subject)).next).toBe(1);
  });

  test("output goes with its task, however that goes, and a task that has none has nothing to read", async (subject) => {
    for (const id of ["a", "b", "c"]) {
      const claimed = await begin(subject, id);
      if (id !== "c") await write(subject, claimed, entry(1));
      await subject.settle(claimed, done);
    }
    expect(await read(subject, {}, "c")).toMatchObject({ entries: [], gaps: [], next: 0, isEnded: true });
    await subject.store.remove([refOf("b")], subject.now);
    expect(await subject.store.readOutput({ ...all, ref: refOf("b") })).toBeUndefined();
    expect((await read(subject)).texts).toEqual(["0: chunk 1"]);
    subject.advance(2 * 86_400_000);
    await subject.store.prune(subject.now, 100);
    expect(await subject.store.readOutput({ ...all, ref: refOf("a") })).toBeUndefined();
  });

  test("output goes on over a restart, and repeats are still known", async (subject) => {
    const claimed = await begin(subject);
    await write(subject, claimed, entry(1), entry(2, "log"));
    await subject.reopen();
    expect(await write(subject, claimed, entry(2, "log"), entry(3))).toMatchObject({
      ...{ written: 1, repeated: 1 },
    });
    expect((await read(subject)).texts).toEqual(["0: chunk 1", "1: log 2", "2: chunk 3"]);
  });
}

const all = { from: 0, kinds: outputKinds, limit: 100, bytesMax: 1024 } as const;
