import { expect, test } from "vitest";
import { Prefetch } from "../prefetch.ts";
import { Credit } from "./credit.ts";

function setUp(concurrency: number, held = 0) {
  let free = concurrency;
  const prefetch = new Prefetch(1000, 20);
  const credit = new Credit({ free: () => free, held: () => held, concurrency: () => concurrency, prefetch });
  return {
    credit,
    prefetch,
    /** The credit sent when so many slots are free and the Grant `seenSeq` was the newest. */
    next(freeNow: number, seenSeq: number, now = 0) {
      free = freeNow;
      return credit.next(seenSeq, now);
    },
  };
}

test("the first frame on a stream gives all that is free, and says so again on the next stream", () => {
  const { credit, next } = setUp(8);
  expect(next(8, 0)).toBe(8);
  expect(next(8, 0)).toBeUndefined();
  credit.reset();
  expect(next(8, 0)).toBe(8);
});

test("small changes are saved up, until a quarter is free", () => {
  const { next } = setUp(8);
  next(8, 0);
  // Four tasks came, one of them has ended: 4 may still come, 5 could.
  expect(next(5, 4)).toBeUndefined();
  expect(next(6, 4)).toBe(6);
});

test("a server that is about to run out hears of every slot", () => {
  const { next } = setUp(8);
  next(8, 0);
  expect(next(0, 8)).toBeUndefined();
  expect(next(1, 8)).toBe(1);
});

test("nothing is asked for while more waits than could start", () => {
  const { next } = setUp(2);
  expect(next(-3, 7)).toBe(0);
});

test("the pace of late adds to what is free", () => {
  const { prefetch, next } = setUp(8);
  for (let i = 0; i < 200; i += 1) prefetch.count();
  expect(next(8, 0, 40)).toBe(108);
});

test("never more than the server takes, nor more leases than a greeting could list", () => {
  const many = setUp(5000);
  many.credit.max = 100;
  expect(many.next(5000, 0)).toBe(100);
  expect(setUp(5000, 9990).next(5000, 0)).toBe(10);
});

test("once closed, what was allowed is taken back", () => {
  const { credit, next } = setUp(8);
  next(8, 0);
  credit.close();
  expect(next(8, 3)).toBe(0);
  expect(next(8, 3)).toBeUndefined();
});
