import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createUuidV7 } from "./uuid-v7.ts";

const timeOf = (id: string): number => Number.parseInt(id.replace("-", "").slice(0, 12), 16);

test("an id tells when it was made", () => {
  const uuid = createUuidV7({ nowMs: () => 1_800_000_000_123, randomBytes });
  expect(timeOf(uuid())).toBe(1_800_000_000_123);
});

test("ids rise when the clock stands still, beyond what one millisecond holds, and when it steps back", () => {
  let now = 1_800_000_000_000;
  const uuid = createUuidV7({ nowMs: () => now, randomBytes });
  const ids = Array.from({ length: 10_000 }, () => uuid());
  now -= 3_600_000;
  ids.push(...Array.from({ length: 10 }, () => uuid()));
  now += 7_200_000;
  ids.push(uuid());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(timeOf(ids.at(-1) ?? "")).toBe(now);
});

test("all bits but version and variant come from time, counter and chance", () => {
  const uuid = createUuidV7({ nowMs: () => 0, randomBytes: (length) => new Uint8Array(length).fill(0xff) });
  expect(uuid()).toBe("00000000-0000-7001-bfff-ffffffffffff");
});
