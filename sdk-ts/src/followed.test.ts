import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { createManualClock, rest } from "../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../test/support/recording-log.ts";
import { followed } from "./followed.ts";

type Page = { readonly next: bigint; readonly isLast?: boolean };
type Script = readonly (Page | Error)[];

/** A watch whose streams say what the test says, one script after the other. */
function setUp(scripts: readonly Script[], from?: bigint) {
  const clock = createManualClock();
  const closing = new AbortController();
  const stop = new AbortController();
  const opened: (bigint | undefined)[] = [];
  const heard: string[] = [];
  const pages = followed<Page>(
    { clock, random: () => 1, log: createRecordingLog(), closing: closing.signal },
    {
      async *open(at, signal) {
        opened.push(at);
        for (const said of scripts[opened.length - 1] ?? []) {
          if (said instanceof Error) throw said;
          yield said;
        }
        // A script without an end is a stream that goes on.
        if (scripts.length < opened.length)
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
      nextOf: ({ next }) => next,
      isLast: ({ isLast = false }) => isLast,
      ...{ from, signal: stop.signal },
    },
  );
  const done = (async () => {
    try {
      for await (const { next } of pages) heard.push(`${next}`);
      heard.push("end");
    } catch (error) {
      heard.push(error instanceof Error ? error.message || error.name : String(error));
    }
  })();
  return { clock, closing, stop, opened, heard, done };
}

const broken = new ConnectError("the connection broke", Code.Unavailable);

test("it ends after the last page, and asks nothing more", async () => {
  const { opened, heard, done } = setUp([[{ next: 3n }, { next: 5n, isLast: true }, { next: 9n }]]);
  await done;
  expect([opened, heard]).toEqual([[undefined], ["3", "5", "end"]]);
});

test("after a break it goes on where it was, later each time until it hears something again", async () => {
  const scripts = [[{ next: 3n }, broken], [broken], [{ next: 4n }, broken], [{ next: 5n, isLast: true }]];
  const { clock, opened, heard, done } = setUp(scripts, 1n);
  await rest();
  expect(opened).toEqual([1n]);
  await clock.advance(99);
  expect(opened).toEqual([1n]);
  await clock.advance(1);
  expect(opened).toEqual([1n, 3n]);
  await clock.advance(199);
  expect(opened).toEqual([1n, 3n]);
  await clock.advance(1);
  expect(opened).toEqual([1n, 3n, 3n]);
  await clock.advance(100);
  await done;
  expect([opened, heard]).toEqual([
    [1n, 3n, 3n, 4n],
    ["3", "4", "5", "end"],
  ]);
});

test("a stream that ends by itself is opened again, not more than once a second", async () => {
  const { clock, opened, heard, done } = setUp([[{ next: 1n }], [{ next: 2n, isLast: true }]], 0n);
  await clock.advance(999);
  expect(opened).toEqual([0n]);
  await clock.advance(1);
  await done;
  expect([opened, heard]).toEqual([
    [0n, 1n],
    ["1", "2", "end"],
  ]);
});

test("what the server refuses for good is thrown", async () => {
  const { opened, heard, done } = setUp([[new ConnectError("no such task", Code.NotFound)]], 0n);
  await done;
  expect([opened, heard]).toEqual([[0n], ["RPC_NOT_FOUND: no such task"]]);
});

test("it stops when it is told to, while it listens and while it waits to open again; and with its client", async () => {
  const listening = setUp([], 0n);
  const waiting = setUp([[broken]], 0n);
  const closed = setUp([], 0n);
  await rest();
  for (const { stop } of [listening, waiting]) stop.abort(new Error("enough"));
  closed.closing.abort();
  await Promise.all([listening.done, waiting.done, closed.done]);
  expect([listening.heard, waiting.heard]).toEqual([["enough"], ["enough"]]);
  expect(closed.heard).toEqual([expect.stringContaining("closed")]);
  expect(waiting.clock.timerCount).toBe(0);
});
