import { expect, test } from "vitest";
import { createSystemRandom } from "./system-random.ts";

test("task ids are UUIDv7, no two alike and in rising order", () => {
  const random = createSystemRandom();
  const ids = Array.from({ length: 20_000 }, () => random.taskId());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("chance lies in [0, 1), and bytes are as many as asked for", () => {
  const random = createSystemRandom();
  const chances = Array.from({ length: 1000 }, () => random.chance());
  expect(chances.every((chance) => chance >= 0 && chance < 1)).toBe(true);
  expect(random.bytes(32)).toHaveLength(32);
  expect(random.bytes(32)).not.toEqual(random.bytes(32));
});
