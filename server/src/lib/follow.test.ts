import { expect, test } from "vitest";
import { createManualClock, rest } from "../../../test/support/manual-clock.ts";
import { createBells } from "./bells.ts";
import { type Followed, follow } from "./follow.ts";

type Page = { readonly items: readonly number[]; readonly hasMore: boolean; readonly isLast: boolean };

/** Something that grows, and what was heard of it. */
function setUp(own: Partial<Followed<Page>> = {}, ...items: number[]) {
  const clock = createManualClock();
  const bells = createBells();
  const aborter = new AbortController();
  const heard: (readonly number[])[] = [];
  let read = 0;
  let isEnded = false;
  const pages = follow<Page>(
    { clock, bells },
    {
      ...{ key: "a", timeoutMs: 60_000, signal: aborter.signal },
      async read() {
        const some = items.slice(read, read + 2);
        read += some.length;
        return { items: some, hasMore: read < items.length, isLast: isEnded && read === items.length };
      },
      hasMore: (page) => page.hasMore,
      isNews: (page) => page.items.length > 0,
      isLast: (page) => page.isLast,
      ...own,
    },
  );
  const done = (async () => {
    for await (const page of pages) heard.push(page.items);
    heard.push([-1]);
  })();
  const end = (): void => {
    isEnded = true;
  };
  return { clock, bells, aborter, items, heard, done, end };
}

test("the first page comes at once, and others when the bell rings and there is something", async () => {
  const { bells, items, heard } = setUp();
  await rest();
  expect(heard).toEqual([[]]);
  bells.ring("a");
  await rest();
  expect(heard).toEqual([[]]);
  items.push(1, 2, 3);
  bells.ring("b");
  await rest();
  expect(heard).toHaveLength(1);
  bells.ring("a");
  await rest();
  expect(heard).toEqual([[], [1, 2], [3]]);
});

test("a ring while it reads is not lost", async () => {
  const { bells, items, heard } = setUp();
  items.push(1);
  bells.ring("a");
  await rest();
  expect(heard).toEqual([[], [1]]);
});

test("a lost ring costs a second", async () => {
  const { clock, items, heard } = setUp();
  await rest();
  items.push(1);
  await clock.advance(999);
  expect(heard).toEqual([[]]);
  await clock.advance(1);
  expect(heard).toEqual([[], [1]]);
});

test("it ends after the last page, at its time-out, and when nobody listens any more; nothing is left", async () => {
  const ended = setUp();
  ended.end();
  ended.bells.ring("a");
  await ended.done;
  const overdue = setUp({ timeoutMs: 1500 });
  await overdue.clock.advance(1500);
  await overdue.done;
  const aborted = setUp();
  await rest();
  aborted.aborter.abort();
  await aborted.done;
  for (const { heard, clock } of [ended, overdue, aborted])
    expect([heard.at(-1), clock.timerCount]).toEqual([[-1], 0]);
});

test("without time it says what there is, all of it, and ends", async () => {
  const { heard, done } = setUp({ timeoutMs: 0 }, 1, 2, 3);
  await done;
  expect(heard).toEqual([[1, 2], [3], [-1]]);
});
