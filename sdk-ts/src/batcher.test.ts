import { expect, test } from "vitest";
import { rest } from "../../test/support/manual-clock.ts";
import { Batcher, type BatcherLimits } from "./batcher.ts";
import { atEndOfTurn } from "./clock.ts";
import type { OutgoingTask } from "./new-task.ts";
import type { EnqueueOutcome } from "./publisher.ts";

type Call = { readonly ids: string; readonly answer: (outcome?: EnqueueOutcome) => Promise<void> };

const stored: EnqueueOutcome = { kind: "stored", deduplicated: false };

/** A task whose message says its id, and fills so many bytes of a call. */
function outgoing(id: string, bytes = 10): OutgoingTask {
  const message = new Uint8Array(bytes - 8);
  message[0] = id.charCodeAt(0);
  return { id, message };
}

function setUp(differing: Partial<BatcherLimits> = {}) {
  const limits = { tasksMax: 3, tasksWorthACall: 100, bytesMax: 100, callsMax: 2, ...differing };
  const calls: Call[] = [];
  const batcher = new Batcher(
    (tasks) => {
      const { promise, resolve } = Promise.withResolvers<readonly EnqueueOutcome[]>();
      const answer = async (outcome = stored) => {
        resolve(tasks.map(() => outcome));
        await rest();
        await rest();
      };
      calls.push({ ids: tasks.map(([id = 0]) => String.fromCharCode(id)).join(""), answer });
      return promise;
    },
    atEndOfTurn,
    limits,
  );
  const submit = (id: string, bytes?: number) => batcher.submit([outgoing(id, bytes)]);
  return { batcher, calls, submit, idsSent: () => calls.map(({ ids }) => ids) };
}

test("what is enqueued in one turn goes in one call", async () => {
  const { submit, idsSent } = setUp();
  void submit("a");
  void submit("b");
  await Promise.resolve();
  void submit("c");
  expect(idsSent()).toEqual([]);
  await rest();
  expect(idsSent()).toEqual(["abc"]);
});

test("what comes while all calls are under way joins the next one, in order", async () => {
  const { calls, submit, idsSent } = setUp();
  for (const id of ["a", "b", "c", "d", "e"]) {
    void submit(id);
    await rest();
  }
  expect(idsSent()).toEqual(["a", "b"]);
  await calls[1]?.answer();
  expect(idsSent()).toEqual(["a", "b", "cde"]);
});

test("many are shared out among the calls that are free, few are not", async () => {
  const { batcher, calls, idsSent } = setUp({ tasksMax: 4, tasksWorthACall: 2, callsMax: 3 });
  const many = (ids: string) => void batcher.submit([...ids].map((id) => outgoing(id)));
  many("abcde");
  await rest();
  expect(idsSent()).toEqual(["abc", "de"]);
  many("fghijklm");
  await rest();
  expect(idsSent(), "one call is free, and takes no more than it may").toEqual(["abc", "de", "fghi"]);
  await calls[1]?.answer();
  expect(idsSent()).toEqual(["abc", "de", "fghi", "jklm"]);
});

test("a batch is cut by number and by size; what is too large for any goes alone", async () => {
  const { submit, idsSent } = setUp({ tasksMax: 3, bytesMax: 100, callsMax: 9 });
  for (const [id, bytes] of [
    ["a", 10],
    ["b", 10],
    ["c", 10],
    ["d", 60],
    ["e", 60],
    ["f", 500],
    ["g", 10],
  ] as const)
    void submit(id, bytes);
  await rest();
  expect(idsSent()).toEqual(["abc", "d", "e", "f", "g"]);
});

test("each gets its own outcome, and a group gets them together, in order", async () => {
  const { batcher, calls, submit } = setUp({ tasksMax: 2, bytesMax: 100, callsMax: 9 });
  const one = submit("x");
  const many = batcher.submit(["a", "b"].map((id) => outgoing(id)));
  await rest();
  const before: EnqueueOutcome = { kind: "stored", deduplicated: true };
  await calls[1]?.answer(before);
  await calls[0]?.answer();
  expect(await one).toEqual([stored]);
  expect(await many).toEqual([stored, before]);
});

test("it is idle when nothing waits and nothing is under way", async () => {
  const { batcher, calls, submit } = setUp({ tasksMax: 1, bytesMax: 100, callsMax: 1 });
  await batcher.idle();
  expect(await batcher.submit([])).toEqual([]);
  void submit("a");
  void submit("b");
  let isIdle = false;
  void batcher.idle().then(() => {
    isIdle = true;
  });
  await rest();
  await calls[0]?.answer();
  expect(isIdle).toBe(false);
  await calls[1]?.answer();
  expect(isIdle).toBe(true);
});
