import { expect, test, vi } from "vitest";
import { defaultPolicy, defaultQueue } from "../../../test/support/new-task.ts";
import { instantOf, taskIdOf } from "../model/ids.ts";
import { createLeaseBook, type Grantable } from "./lease-book.ts";
import { sealOf } from "./token.ts";

const seal = sealOf(Buffer.alloc(16, 3), Buffer.alloc(16, 7));

function aTask(id: string, seq: number): Grantable {
  const fence = { epoch: 1, seq };
  const content = new Uint8Array(10);
  return {
    ...{ id: taskIdOf(id), queue: defaultQueue, policy: defaultPolicy, attempt: 1, deliveries: 1 },
    fence,
    content,
    createdAt: instantOf(0),
  };
}

function aBook({ lastSeq = 0, creditMax = 10_000, heldLeasesMax = 10_000 } = {}) {
  const onEmpty = vi.fn();
  return { book: createLeaseBook({ limits: { creditMax, heldLeasesMax }, lastSeq, onEmpty }), onEmpty };
}

test("there is no room before the first credit", () => {
  expect(aBook().book.room).toBe(0);
});

test("credit is absolute: what was granted beyond what the worker has seen counts against it", () => {
  const { book } = aBook();
  book.setCredit(0, 3);
  expect(book.room).toBe(3);
  book.grant([aTask("a", 1), aTask("b", 2)], seal);
  expect(book.room).toBe(1);
  book.setCredit(0, 3);
  expect(book.room, "a repeated frame gives nothing twice").toBe(1);
  book.setCredit(2, 3);
  expect(book.room).toBe(3);
  book.setCredit(2, 0);
  expect(book.room, "zero means stop").toBe(0);
  book.setCredit(1, 0);
  expect(book.room, "less than is out already").toBe(0);
});

test("credit is capped, and a grant that was never made cannot be seen", () => {
  const { book } = aBook({ creditMax: 5 });
  book.setCredit(0, 1_000_000);
  expect(book.room).toBe(5);
  book.setCredit(1_000_000, 5);
  expect(book.room).toBe(5);
});

test("a session holds no more than it may, whatever its credit", () => {
  const { book } = aBook({ heldLeasesMax: 2 });
  book.setCredit(0, 10);
  const a = aTask("a", 1);
  book.grant([a, aTask("b", 2)], seal);
  expect(book.room).toBe(0);
  book.drop(a);
  expect(book.room).toBe(1);
});

test("grants are numbered without gaps, and go on from where a former server stopped", () => {
  const { book } = aBook({ lastSeq: 41 });
  book.setCredit(41, 10);
  book.grant([aTask("a", 1), aTask("b", 2)], seal);
  expect(book.upTo(100).map(({ id, seq }) => [id, seq])).toEqual([
    ["a", 42],
    ["b", 43],
  ]);
  expect(book.lastSeq).toBe(43);
  expect(book.upTo(42).map(({ id }) => id)).toEqual(["a"]);
});

test("a lease of a former server counts as seen from the start, and takes no number", () => {
  const { book } = aBook({ lastSeq: 7 });
  book.adopt(aTask("old", 1), seal);
  expect(book.upTo(0).map(({ id }) => id)).toEqual(["old"]);
  expect(book.lastSeq).toBe(7);
});

test("only the fence that was entered finds a lease", () => {
  const { book } = aBook();
  book.grant([aTask("a", 1)], seal);
  expect(book.find(taskIdOf("a"), { epoch: 1, seq: 1 })).toMatchObject({ id: "a", seq: 1, seal });
  expect(book.find(taskIdOf("a"), { epoch: 1, seq: 2 })).toBeUndefined();
  expect(book.find(taskIdOf("a"), { epoch: 2, seq: 1 })).toBeUndefined();
  expect(book.drop({ id: taskIdOf("a"), fence: { epoch: 2, seq: 1 } })).toBe(false);
  expect(book.size).toBe(1);
});

test("a task that is granted again ends its older lease", () => {
  const { book } = aBook();
  expect(book.grant([aTask("a", 1)], seal)).toEqual([]);
  expect(book.grant([aTask("a", 9)], seal)).toMatchObject([{ id: "a", seq: 1, fence: { seq: 1 } }]);
  expect(book.size).toBe(1);
});

test("the book says when its last lease is gone", () => {
  const { book, onEmpty } = aBook();
  const a = aTask("a", 1);
  const b = aTask("b", 2);
  book.grant([a, b], seal);
  book.drop(a);
  expect(onEmpty).not.toHaveBeenCalled();
  book.drop(b);
  expect(onEmpty).toHaveBeenCalledOnce();
});

test("a new stream begins without credit", () => {
  const { book } = aBook();
  book.setCredit(0, 10);
  book.clearCredit();
  expect(book.room).toBe(0);
});

test("a window of bytes leaves no room when it is full, whatever the credit", () => {
  const { book } = aBook();
  book.setCredit(0, 10, 20);
  expect(book.bytesLeft).toBe(20);
  book.grant([aTask("a", 1), aTask("b", 2)], seal);
  expect(book.room).toBe(0);
  book.setCredit(1, 10, 20);
  expect([book.room, book.bytesLeft]).toEqual([9, 10]);
});

test("arrivals are told by number, and only from when a worker begins to tell them", () => {
  const { book } = aBook();
  book.setCredit(0, 10);
  const tasks = ["a", "b", "c", "d"].map((id, at) => aTask(id, at + 1));
  book.grant(tasks, seal);
  expect(book.tellsArrivals).toBe(false);
  book.noteArrived([
    { first: 1, last: 1 },
    { first: 3, last: 1_000_000 },
  ]);
  expect(book.tellsArrivals).toBe(true);
  expect(tasks.map(({ id, fence }) => book.find(id, fence)?.hasArrived)).toEqual([true, false, true, true]);
});
