import { expect, test } from "vitest";
import { watchLoop } from "./loop-holds.ts";

test("work that keeps the loop is a hold of its length, and waiting is none", async () => {
  const holds = watchLoop();
  holds.start();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(holds.max()).toBeLessThan(80);
  const until = process.threadCpuUsage().user + 150_000;
  while (process.threadCpuUsage().user < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
  holds.stop();
  expect(holds.max()).toBeGreaterThanOrEqual(150);
});
