import { expect, test } from "vitest";
import { createManualClock, rest } from "../../../test/support/manual-clock.ts";
import { defaultPolicy } from "../../../test/support/new-task.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { defaultNamespace, instantOf, queueNameOf, taskIdOf } from "../model/ids.ts";
import type { Claimed } from "../ports/task-store.ts";
import { createDispatch } from "./dispatch.ts";
import type { TakerWants } from "./taker.ts";

const [namespace, queue] = [defaultNamespace, queueNameOf("q")];

const aTask = (id: string): Claimed => ({
  ...{ id: taskIdOf(id), queue, fence: { epoch: 1, seq: 1 }, createdAt: instantOf(0) },
  ...{ content: Buffer.of(1), policy: defaultPolicy, attempt: 1, deliveries: 1 },
});

/** A worker's taker over a store that answers each claim when the test says so. */
function atWork(wants: Partial<TakerWants> = {}) {
  const claims: { limit: number; answer: (...ids: string[]) => Promise<void> }[] = [];
  const returned: string[] = [];
  const dispatch = createDispatch({
    log: createRecordingLog(),
    now: createManualClock().now,
    isLast: (claimed, { limit }) => claimed.length < limit,
    giveBack: async (_namespace, tasks) => void returned.push(...tasks.map(({ id }) => id)),
    claim: (_wants, { limit }) =>
      new Promise((resolve) => {
        const answer = (...ids: string[]): Promise<void> => {
          resolve(ids.map(aTask));
          return rest();
        };
        claims.push({ limit, answer });
      }),
  });
  let mark = 0n;
  const taker = dispatch.join({
    ...{ namespace, queues: [queue], worker: "w", room: () => 100, mark: () => ++mark },
    ...wants,
  });
  const stop = new AbortController();
  const got: (readonly [string, bigint])[] = [];
  const over = (async () => {
    for (;;) {
      const tasks = await taker.next(1000, stop.signal);
      if (tasks.length === 0) return;
      got.push([tasks.map(({ id }) => id).join(), taker.mark]);
    }
  })();
  return {
    ...{ taker, claims, returned, got, stop, over },
    hint: (count: number): Promise<void> => {
      dispatch.ready({ namespace, queue }, count);
      return rest();
    },
    /** The n-th claim, from 1; throws where there were not so many. */
    claim(nth: number) {
      const claim = claims[nth - 1];
      if (claim === undefined) throw new Error(`there were ${claims.length} claims`);
      return claim;
    },
  };
}

/** One that has looked for itself, found nothing, and was woken for a task. */
async function woken(wants: Partial<TakerWants> = {}) {
  const worker = atWork(wants);
  await rest();
  await worker.claim(1).answer();
  await worker.hint(1);
  expect(worker.claims).toHaveLength(2);
  return worker;
}

test("a task that comes while a claim is under way has a claim of its own at once, and each is known by its mark", async () => {
  const { claim, claims, hint, got } = await woken();
  await hint(1);
  expect(claims).toHaveLength(3);
  await claim(2).answer("a");
  await claim(3).answer("b");
  expect(got).toEqual([
    ["a", 2n],
    ["b", 3n],
  ]);
  expect(claims, "both were short, and told that nothing is left").toHaveLength(3);
});

test("no more than two are under way; what comes then is counted on the one that waits", async () => {
  const { claim, claims, hint, got } = await woken();
  await hint(1);
  await hint(1);
  expect(claims).toHaveLength(3);
  await claim(2).answer("a");
  expect(claims).toHaveLength(3);
  await claim(3).answer("b", "c");
  expect(got.map(([ids]) => ids)).toEqual(["a", "b,c"]);
  expect(claims).toHaveLength(3);
});

test("what that one did not bring after all has a claim when it is back", async () => {
  const { claim, claims, hint, got } = await woken();
  await hint(1);
  await hint(1);
  await claim(2).answer("a");
  await claim(3).answer("b");
  expect(claims).toHaveLength(4);
  await claim(4).answer("c");
  expect(got.map(([ids]) => ids)).toEqual(["a", "b", "c"]);
});

test("tasks are taken in the order in which their claims began", async () => {
  const { claim, hint, got } = await woken();
  await hint(1);
  await claim(3).answer("b");
  expect(got).toEqual([]);
  await claim(2).answer("a");
  expect(got.map(([ids]) => ids)).toEqual(["a", "b"]);
});

test("together they ask for no more than there is room for", async () => {
  const { claims, hint } = await woken({ room: () => 20 });
  await hint(1);
  expect(claims.map(({ limit }) => limit)).toEqual([20, 18, 2]);
});

test("a claim that comes back full has found more than was known of: the next one asks for all", async () => {
  const { claim, claims } = await woken();
  await claim(2).answer(...Array.from({ length: 18 }, (_, at) => `t${at}`));
  expect(claims.map(({ limit }) => limit)).toEqual([100, 18, 100]);
});

test.each([
  ["all that there is room for was asked", { room: () => 18 }],
  ["bytes are counted", { bytesLeft: () => 1000 }],
  ["its queues have an order", { order: { tiers: [], note: () => undefined } }],
  ["it takes once", { mark: undefined as never }],
])("a claim is alone where %s", async (_, wants) => {
  const { claim, claims, hint } = await woken(wants);
  await hint(1);
  expect(claims).toHaveLength(2);
  await claim(2).answer("a");
  expect(claims).toHaveLength(3);
});

test("whoever leaves gives back what all its claims bring", async () => {
  const { claim, hint, taker, returned, over, got } = await woken();
  await hint(1);
  taker.leave();
  await claim(2).answer("a");
  await claim(3).answer("b");
  await over;
  expect([got, returned]).toEqual([[], ["a", "b"]]);
});

test("what came after somebody called it off goes back", async () => {
  const { claim, hint, taker, stop, returned, over } = await woken();
  await hint(1);
  stop.abort();
  await claim(2).answer("a");
  await claim(3).answer("b");
  await over;
  await taker.callOff();
  expect(returned).toEqual(["a", "b"]);
});
