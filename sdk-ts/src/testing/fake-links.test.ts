import { expect, test } from "vitest";
import { bytesCodec } from "../codec/bytes.ts";
import { defineTask } from "../define-task.ts";
import { withInput, withInputAs } from "../links.ts";
import { NonRetryable } from "../non-retryable.ts";
import type { ParentFailure } from "../task-options.ts";
import { createFakeClient } from "./fake-client.ts";

const resize = defineTask<[path: string], { size: number }>({ name: "resize" });
const publish = defineTask<[album: string, image: { size: number }], string>({ name: "publish" });
const index = defineTask<{ album: string; image: { size: number } }>({ name: "index" });
const count = defineTask<[what: string]>({ name: "count" });
const alarm = defineTask<[whom: string, what: ParentFailure]>({ name: "alarm" });
const archive = defineTask<[place: string]>({ name: "archive" });

const names = (records: readonly { readonly name: string }[]) => records.map(({ name }) => name);

test("draining ends what has an answer and what follows it, in order, with the results handed on", async () => {
  const client = createFakeClient();
  client.answer(resize, (path) => ({ size: path.length }));
  client.answer(publish, (album, { size }) => `${album}/${size}`);
  client.answer(index, undefined);
  client.answer(count, undefined);
  client.answer(archive, undefined);
  const link = [
    withInput(publish, ["holiday"], { link: [withInput(archive, [])], queue: "slow" }),
    withInputAs(index, "image", { album: "holiday" }),
    count.call(["resized"]),
  ];
  const first = await client.enqueue(resize, ["a.jpg"], {
    id: "first",
    link,
    linkError: [alarm.call(["ada", never])],
  });
  await client.enqueue(count, ["other"]);
  expect(names(client.enqueued), "nothing has ended yet").toEqual(["resize", "count"]);
  expect(names(await client.drain())).toEqual(["resize", "count", "publish", "index", "count", "archive"]);
  expect(client.argsOf(publish)).toEqual([["holiday", { size: 5 }]]);
  expect(client.argsOf(index)).toEqual([{ album: "holiday", image: { size: 5 } }]);
  expect(client.argsOf(count)).toEqual([["other"], ["resized"]]);
  expect(client.argsOf(archive)).toEqual([["holiday/5"]]);
  const published = client.enqueued.find(({ name }) => name === "publish");
  expect(published?.options).toMatchObject({ queue: "slow", parentId: "first", rootId: "first" });
  const archived = client.enqueued.find(({ name }) => name === "archive");
  expect(archived?.options).toMatchObject({ parentId: published?.id, rootId: "first" });
  expect(await first.result()).toEqual({ size: 5 });
  expect(await client.drain(), "all has ended").toEqual([]);
});

const never = {} as ParentFailure;

test("what fails hands its failure to what follows that, and what was cancelled is followed by nothing", async () => {
  const client = createFakeClient();
  client.answer(resize, (path) => {
    throw path === "bad.jpg" ? new NonRetryable("no image") : new RangeError("too large");
  });
  client.answer(alarm, undefined);
  const options = { link: [withInput(publish, ["holiday"])], linkError: [withInput(alarm, ["ada"])] };
  for (const path of ["bad.jpg", "large.jpg", "late.jpg"])
    await client.enqueue(resize, [path], { ...options, id: path });
  await client.handle(resize, "late.jpg").cancel();
  expect(names(await client.drain())).toEqual(["resize", "resize", "alarm", "alarm"]);
  const failure = { stack: expect.any(String), truncated: false, ancestors: ["Error"] };
  expect(client.argsOf(alarm)).toEqual([
    [
      "ada",
      {
        ...{ taskId: "bad.jpg", taskName: "resize", attempt: 1, reason: "non_retryable" },
        failure: { ...failure, type: "NonRetryable", message: "no image", nonRetryable: true },
      },
    ],
    [
      "ada",
      {
        ...{ taskId: "large.jpg", taskName: "resize", attempt: 1, reason: "max_attempts" },
        failure: { ...failure, type: "RangeError", message: "too large", nonRetryable: false },
      },
    ],
  ]);
});

test("a result that cannot be appended fails what should get it; what has no answer, or an id that is there, stays as it is", async () => {
  const client = createFakeClient();
  const raw = defineTask<[], Uint8Array>({ name: "raw", resultCodec: bytesCodec });
  const use = defineTask<[what: Uint8Array]>({ name: "use" });
  client.answer(raw, new Uint8Array([1]));
  client.answer(use, undefined);
  await client.enqueue(count, ["there"], { id: "there" });
  const link = [
    withInput(use, []),
    count.call(["again"], { id: "there" }),
    count.call(["new"], { id: "new" }),
  ];
  await client.enqueue(raw, [], { link });
  expect(names(await client.drain())).toEqual(["raw", "use"]);
  const used = client.enqueued.find(({ name }) => name === "use");
  await expect(client.handle(use, used?.id ?? "").result()).rejects.toMatchObject({
    failure: { type: "InputUnusable", message: expect.stringContaining("is not plain JSON") },
  });
  expect(client.argsOf(count)).toEqual([["there"], ["new"]]);
  expect((await client.handle(count, "new").status()).state).toBe("ready");
});

test("asking for a result makes what follows, too, without ending it", async () => {
  const client = createFakeClient();
  client.answer(resize, { size: 1 });
  const handle = await client.enqueue(resize, ["a"], { link: [withInput(publish, ["b"])] });
  await handle.result();
  expect(client.argsOf(publish)).toEqual([["b", { size: 1 }]]);
});
