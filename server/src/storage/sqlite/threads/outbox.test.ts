import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createOutbox } from "./outbox.ts";

const request = (id: number, items = 1) => ({ id, verb: "claim", data: undefined, items });

function posting() {
  const posted: { readonly ids: readonly number[]; readonly moved: number }[] = [];
  const postMessage = (requests: readonly { id: number }[], moved: readonly unknown[]): void => {
    posted.push({ ids: requests.map(({ id }) => id), moved: moved.length });
  };
  return { posted, outbox: createOutbox({ postMessage } as never) };
}

test("what is asked in one turn, by promises of promises too, is one message in the order of asking", async () => {
  const { posted, outbox } = posting();
  outbox.add(request(1), [new ArrayBuffer(1)]);
  let chain = Promise.resolve();
  for (let links = 0; links < 20; links += 1) chain = chain.then(() => undefined);
  void chain.then(() => outbox.add(request(2), [new ArrayBuffer(1), new ArrayBuffer(2)]));
  expect(posted).toEqual([]);
  await nextTurn();
  expect(posted).toEqual([{ ids: [1, 2], moved: 3 }]);
});

test("the next turn's are the next message", async () => {
  const { posted, outbox } = posting();
  outbox.add(request(1), []);
  await nextTurn();
  outbox.add(request(2), []);
  await nextTurn();
  expect(posted.map(({ ids }) => ids)).toEqual([[1], [2]]);
});

test("much work is not kept waiting, nor is what was asked before it", () => {
  const { posted, outbox } = posting();
  outbox.add(request(1), []);
  outbox.add(request(2, 50), []);
  expect(posted.map(({ ids }) => ids)).toEqual([[1, 2]]);
});
