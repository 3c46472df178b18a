import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const nothing = defineTask<[], undefined>({ name: "nothing" });

test("workers that come too fast are told when to come back, keep to it, and are welcome then", async () => {
  const { log, work } = await startStem({ limits: { workerHandshakesPerSecondMax: 1 } });
  const startedAt = performance.now();
  await Promise.all(
    ["a", "b", "c", "d"].map((name) => work({ name, tasks: [implement(nothing, () => undefined)] })),
  );
  // One at once, and a second for each of the others.
  expect(performance.now() - startedAt).toBeGreaterThan(2999);
  const waits = log.lines.filter(({ facts }) => "reason" in facts && facts.reason === "RATE_LIMIT_REACHED");
  // On a busy machine some come when it is their turn anyway.
  expect(waits.length).toBeGreaterThanOrEqual(1);
  for (const { facts } of waits) expect(facts).toHaveProperty("delayMs");
  expect(log.lines.filter(({ text }) => text === "connected")).toHaveLength(4);
});
