import { expect, test } from "vitest";
import { createByteWindow } from "./byte-window.ts";

const tasks = (...sizes: number[]) => sizes.map((size) => ({ content: new Uint8Array(size) }));

test("a window that nobody opened is not limited", () => {
  const window = createByteWindow();
  window.sent(1, tasks(1_000_000));
  expect(window.left).toBe(Number.POSITIVE_INFINITY);
});

test("grants beyond the newest seen one fill the window, and seeing them makes room", () => {
  const window = createByteWindow();
  window.open(0, 100);
  window.sent(1, tasks(30, 20));
  window.sent(3, tasks(40));
  expect(window.left).toBe(10);
  window.open(1, 100);
  expect(window.left).toBe(40);
  window.open(3, 100);
  expect(window.left).toBe(100);
});

test("the last grant may go beyond, and nothing is left then", () => {
  const window = createByteWindow();
  window.open(7, 10);
  window.sent(8, tasks(25));
  expect(window.left).toBe(-15);
});

test("a repeated or older word on what was seen changes nothing", () => {
  const window = createByteWindow();
  window.open(0, 100);
  window.sent(1, tasks(10, 10));
  window.open(2, 100);
  window.open(1, 100);
  expect(window.left).toBe(100);
  window.sent(3, tasks(60));
  expect(window.left).toBe(40);
});

test("a window that is given up is not limited any more, and begins anew", () => {
  const window = createByteWindow();
  window.open(0, 100);
  window.sent(1, tasks(90));
  window.open(0, undefined);
  expect(window.left).toBe(Number.POSITIVE_INFINITY);
  window.open(0, 100);
  expect(window.left).toBe(100);
});
