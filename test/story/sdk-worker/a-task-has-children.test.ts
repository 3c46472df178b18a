import { defineTask, withEnqueueDefaults } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const grandparent = defineTask<[], string>({ name: "grandparent" });
const parent = defineTask<[], string>({ name: "parent" });
const child = defineTask<[], string>({ name: "child" });
const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "" };

test("a child knows its parent, its root and the trace, and has nothing else of them", async () => {
  const { stem, work } = await startStem();
  await work({
    tasks: [
      implement(grandparent, async (ctx) => (await ctx.enqueue(parent)).id),
      implement(parent, async (ctx) => (await ctx.enqueueMany([child.call()])).map(({ id }) => id).join()),
      implement(child, ({ parentId, rootId, trace: own, headers, tags, maxAttempts }) =>
        JSON.stringify({ parentId, rootId, traceparent: own?.traceparent, headers, tags, maxAttempts }),
      ),
    ],
  });
  const first = await stem.enqueue(grandparent, [], {
    ...{ headers: { tenant: "a" }, tags: ["nightly"], priority: 9, maxAttempts: 9, trace },
    ...{ expireAfterMs: 60_000, retry: { retryFor: ["X"] } },
  });
  const second = stem.handle(parent, await first.result({ timeoutMs: 8000 }));
  const third = stem.handle(child, await second.result({ timeoutMs: 8000 }));
  expect(JSON.parse(await third.result({ timeoutMs: 8000 }))).toEqual({
    parentId: second.id,
    rootId: first.id,
    traceparent: trace.traceparent,
    headers: {},
    tags: [],
    maxAttempts: 4,
  });
  expect(await third.status()).toMatchObject({ parentId: second.id, rootId: first.id });
  expect(await first.status()).toMatchObject({ parentId: undefined, rootId: undefined });
});

test("defaults of the scope in which a worker runs are not those of its tasks' children", async () => {
  const { stem, work } = await startStem();
  await withEnqueueDefaults({ tags: ["scope of the worker"] }, () =>
    work({
      tasks: [
        implement(parent, async (ctx) => (await ctx.enqueue(child)).id),
        implement(child, ({ tags, headers }) => JSON.stringify({ tags, headers })),
      ],
    }),
  );
  const first = await withEnqueueDefaults({ headers: { tenant: "a" } }, () => stem.enqueue(parent));
  expect((await first.status()).headers).toEqual({ tenant: "a" });
  const second = stem.handle(child, await first.result({ timeoutMs: 8000 }));
  expect(JSON.parse(await second.result({ timeoutMs: 8000 }))).toEqual({ tags: [], headers: {} });
});
