import { expect } from "vitest";
import { bytesOf, newTask } from "../support/new-task.ts";
import { refOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Small values kept beside the tasks, and the end of a store. */
export function metaCases({ case: test }: Suite): void {
  test("a small value is kept under its name, and replaced", async ({ store }) => {
    expect(await store.getMeta("key")).toBeUndefined();
    await store.putMeta("key", bytesOf("one"));
    await store.putMeta("__proto__", bytesOf("other"));
    expect(await store.getMeta("key")).toEqual(bytesOf("one"));
    await store.putMeta("key", bytesOf("two"));
    expect(await store.getMeta("key")).toEqual(bytesOf("two"));
    expect(await store.getMeta("__proto__")).toEqual(bytesOf("other"));
    expect(await store.getMeta("KEY")).toBeUndefined();
  });

  test("of those who put a value where there is none, or in the place of another, one gets its way", async ({
    store,
  }) => {
    const all = (before: string | undefined, values: readonly string[]) =>
      Promise.all(
        values.map((value) =>
          store.swapMeta("key", before === undefined ? before : bytesOf(before), bytesOf(value)),
        ),
      );
    expect(await all(undefined, ["one", "two", "three"])).toEqual(["one", "one", "one"].map(bytesOf));
    expect(await all("one", ["two", "three"])).toEqual(["two", "two"].map(bytesOf));
    expect(await all("one", ["four"])).toEqual([bytesOf("two")]);
    expect(await store.getMeta("key")).toEqual(bytesOf("two"));
  });

  test("a kept value is the store's own: changing what was given or got changes nothing", async ({
    store,
  }) => {
    const given = bytesOf("abc");
    await store.putMeta("key", given);
    given[0] = 0;
    const got = await store.getMeta("key");
    expect(got).toEqual(bytesOf("abc"));
    got?.fill(0);
    expect(await store.getMeta("key")).toEqual(bytesOf("abc"));
  });

  test("a closed store refuses every call with a problem, and may be closed again", async ({
    store,
    now,
  }) => {
    await store.close();
    await store.close();
    const unavailable = { problem: { reason: "STORE_UNAVAILABLE" } };
    await expect(store.accept({ tasks: [newTask("a")], now, atomic: false })).rejects.toMatchObject(
      unavailable,
    );
    await expect(store.read([refOf("a")])).rejects.toMatchObject(unavailable);
    await expect(store.getMeta("key")).rejects.toMatchObject(unavailable);
  });

  test("closing waits for what is under way", async (subject) => {
    const answers = Array.from({ length: 20 }, (_, i) => subject.accept(newTask(`task-${i}`)));
    await subject.store.close();
    expect((await Promise.all(answers)).flat()).toEqual(answers.map(() => "accepted"));
  });

  test("a store says what it is and what it keeps", async ({ store }) => {
    expect(store.kind).toMatch(/^[a-z]+$/);
    expect(["disk", "relaxed", "none"]).toContain(store.durability);
  });
}
