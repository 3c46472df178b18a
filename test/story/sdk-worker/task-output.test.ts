import { defineTask, type OutputOptions, type TaskHandle, type TaskOutput } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const story = defineTask<[words: number], number>({
  name: "story",
  options: { maxAttempts: 3, retry: { baseDelayMs: 1 } },
});

/** What was put out, in short. */
async function read(handle: TaskHandle<number>, options: OutputOptions = {}): Promise<string[]> {
  const all: string[] = [];
  for await (const put of handle.output(options)) all.push(inShort(put));
  return all;
}

function inShort(put: TaskOutput): string {
  switch (put.kind) {
    case "progress":
      return `${put.offset}: ${put.progress.percent} %`;
    case "log":
      return `${put.offset}: ${put.level} ${put.text}`;
    case "chunk":
      return `${put.offset}: ${put.data}`;
    case "dropped":
      return `${put.dropped} ${put.of} dropped before ${put.keptFrom}`;
  }
}

test("whoever reads a task's output hears each word as it is written, and again later from any place on", async () => {
  const { stem, work } = await startStem();
  const said = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await work({
    tasks: [
      implement(story, async (ctx, words) => {
        for (let word = 0; word < words; word += 1) {
          await ctx.write(`word ${word}`);
          await said[word]?.promise;
        }
        ctx.log.warn({}, "no more words");
        return words;
      }),
    ],
  });
  const handle = await stem.enqueue(story, [3]);
  const heard: string[] = [];
  for await (const put of handle.output()) {
    heard.push(inShort(put));
    // It goes on only when this was heard: nothing is kept back until the end.
    if (put.kind === "chunk") said[put.offset]?.resolve();
  }
  expect(heard).toEqual(["0: word 0", "1: word 1", "2: word 2", "3: warn no more words"]);
  expect(await handle.result()).toBe(3);
  expect(await read(handle, { from: 2, kinds: ["chunk"] })).toEqual(["2: word 2"]);
  expect(await read(stem.handle(story, handle.id), { from: 4 })).toEqual([]);
});

test("each attempt's output is told apart, and stays when the task is tried again", async () => {
  const { stem, work } = await startStem();
  await work({
    tasks: [
      implement(story, async (ctx) => {
        await ctx.write(`attempt ${ctx.attempt}`);
        if (ctx.attempt < 3) throw new Error("again");
        return 0;
      }),
    ],
  });
  const handle = await stem.enqueue(story, [1]);
  const attempts: number[] = [];
  for await (const put of handle.output({ kinds: ["chunk"] }))
    if (put.kind === "chunk") attempts.push(put.attempt);
  expect(attempts).toEqual([1, 2, 3]);
});

test("a flood of lines drops the oldest of them, which the reader is told, and no chunk", async () => {
  const { stem, work } = await startStem({ limits: { keptLogLinesMax: 2 } });
  await work({
    keepLog: "debug",
    tasks: [
      implement(story, async (ctx, words) => {
        await ctx.write("the one chunk");
        for (let line = 0; line < words; line += 1) ctx.log.debug({ line }, `line ${line}`);
        return words;
      }),
    ],
  });
  const handle = await stem.enqueue(story, [5]);
  await handle.result();
  expect(await read(handle)).toEqual([
    "3 log dropped before 4",
    "0: the one chunk",
    "4: debug line 3",
    "5: debug line 4",
  ]);
});

test("a worker that keeps no log keeps the chunks, and a task that is gone has no output", async () => {
  const { stem, work } = await startStem();
  await work({
    keepLog: false,
    tasks: [
      implement(story, async (ctx) => {
        ctx.log.error({}, "not kept");
        await ctx.write("kept");
        return 0;
      }),
    ],
  });
  const handle = await stem.enqueue(story, [1]);
  await handle.result();
  expect(await read(handle)).toEqual(["0: kept"]);
  await stem.tasks.delete(handle.id);
  await expect(read(handle)).rejects.toMatchObject({ reason: "TASK_UNKNOWN" });
  await expect(read(handle, { from: -1 })).rejects.toThrow("from must be a whole number");
});

test("a reader can stop, and its client can close", async () => {
  const { stem, work } = await startStem();
  await work({ tasks: [implement(story, () => new Promise<number>(() => undefined))], graceMs: 0 });
  const handle = await stem.enqueue(story, [1]);
  const stop = new AbortController();
  const stopped = expect(read(handle, { signal: stop.signal })).rejects.toThrow("enough");
  stop.abort(new Error("enough"));
  await stopped;
  const closed = expect(read(handle)).rejects.toMatchObject({ name: "ClientClosedError" });
  await stem.close();
  await closed;
});
