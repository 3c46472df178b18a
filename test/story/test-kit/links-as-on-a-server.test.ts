import { defineTask, NonRetryable, type ParentFailure, withInput, withInputAs } from "@stem/sdk";
import { createFakeClient, type FakeClient } from "@stem/sdk/testing";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const make = defineTask<[what: string], unknown>({ name: "make" });
const list = defineTask<[place: string, made: unknown], unknown>({ name: "list" });
const named = defineTask<{ place: string; made: unknown }, unknown>({ name: "named" });
const bare = defineTask<[made: unknown], unknown>({ name: "bare" });
const told = defineTask<[whom: string, what: ParentFailure], unknown>({ name: "told" });

/** What handlers return, or throw, by what they are asked for. */
const made: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  null: () => null,
  number: () => 5,
  object: () => ({ a: [1, "é"], b: null }),
  "non-retryable": () => {
    throw new NonRetryable("never");
  },
  error: () => {
    throw new RangeError("far");
  },
};

const options = {
  link: [
    withInput(list, ["home"], { link: [withInput(bare, [])] }),
    withInputAs(named, "made", { place: "here" }),
    withInput(bare, []),
    bare.call(["own"]),
  ],
  linkError: [withInput(told, ["ada"]), bare.call(["failed"])],
  maxAttempts: 1,
};

/** What a task was called with, without what differs from run to run. */
const callOf = (name: string, args: unknown): string =>
  `${name} ${JSON.stringify(args, (key, value) => (key === "stack" ? "" : value))}`;

test.each(Object.keys(made))(
  "what follows a task that makes %s gets from a fake client what it gets from a server",
  async (what) => {
    const client: FakeClient = createFakeClient();
    client.answer(make, (asked) => made[asked]?.());
    for (const task of [list, bare, told]) client.answer(task as typeof bare, "done");
    client.answer(named, "done");
    await client.enqueue(make, [what], { ...options, id: "first" });
    await client.drain();
    const byFake = client.enqueued.slice(1).map(({ name, args }) => callOf(name, args));

    const { stem, work } = await startStem();
    const byServer: string[] = [];
    const note = (name: string, args: unknown) => {
      byServer.push(callOf(name, args));
      return "done";
    };
    await work({
      tasks: [
        implement(make, (_, asked) => made[asked]?.()),
        implement(list, (ctx) => note("list", ctx.args)),
        implement(named, (ctx) => note("named", ctx.args)),
        implement(bare, (ctx) => note("bare", ctx.args)),
        implement(told, (ctx) => note("told", ctx.args)),
      ],
      concurrency: 1,
    });
    await stem.enqueue(make, [what], { ...options, id: "first" });
    await until(() => byServer.length >= byFake.length || undefined, {
      ...{ deadlineMs: 50_000, what: `${byFake.length} tasks, not ${byServer.join()}` },
    });
    expect(byServer.toSorted()).toEqual(byFake.toSorted());
  },
);
