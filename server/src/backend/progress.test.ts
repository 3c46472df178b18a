import { expect, test } from "vitest";
import { taskRefOf } from "../../../test/support/rooms.ts";
import { namespaceOf } from "../model/ids.ts";
import { createProgressBoard } from "./progress.ts";

const report = (message: string, bytes = 0) => ({
  percent: undefined,
  message,
  data: bytes === 0 ? undefined : new Uint8Array(bytes),
});

test("the last report of each task is kept until its attempt ends", () => {
  const board = createProgressBoard();
  board.put(taskRefOf("a"), report("1"));
  board.put(taskRefOf("a"), report("2"));
  board.put(taskRefOf("b"), report("b"));
  expect(board.get(taskRefOf("a"))).toEqual(report("2"));
  expect(board.get({ ...taskRefOf("a"), namespace: namespaceOf("other") })).toBeUndefined();
  board.drop([taskRefOf("a"), taskRefOf("unheard-of")]);
  expect(board.get(taskRefOf("a"))).toBeUndefined();
  expect(board.get(taskRefOf("b"))).toEqual(report("b"));
});

test("beyond the number of tasks the report that is oldest is forgotten", () => {
  const board = createProgressBoard({ tasksMax: 2, bytesMax: 1000 });
  board.put(taskRefOf("a"), report("a"));
  board.put(taskRefOf("b"), report("b"));
  board.put(taskRefOf("a"), report("a again"));
  board.put(taskRefOf("c"), report("c"));
  expect(["a", "b", "c"].map((id) => board.get(taskRefOf(id))?.message)).toEqual(["a again", undefined, "c"]);
});

test("beyond the bytes as many are forgotten as it takes, and bytes are given back", () => {
  const board = createProgressBoard({ tasksMax: 100, bytesMax: 1000 });
  for (let round = 0; round < 50; round++) board.put(taskRefOf("a"), report("", 600));
  expect(board.get(taskRefOf("a"))).toBeDefined();
  board.put(taskRefOf("b"), report("", 300));
  board.put(taskRefOf("c"), report("", 300));
  expect(["a", "b", "c"].map((id) => board.get(taskRefOf(id)) !== undefined)).toEqual([false, true, true]);
  board.put(taskRefOf("d"), report("", 2000));
  expect(board.get(taskRefOf("d")), "larger than all there is").toBeUndefined();
});
