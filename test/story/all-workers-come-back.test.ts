import { afterEach, beforeEach, expect, test } from "vitest";
import { StemProblem } from "../../server/src/model/problem.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { openStreamServer, type StreamServer } from "../wire/worker-stream/scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer();
});
afterEach(() => server.close());

/** A worker that greets as soon as it may, by the rule of `@stem/worker`: for as long as it is told, and a random quarter of a second. */
async function comeBack(random: () => number): Promise<number> {
  const { clock } = server;
  for (;;) {
    try {
      await server.greet();
      return clock.now();
    } catch (error) {
      if (!(error instanceof StemProblem) || error.problem.reason !== "RATE_LIMIT_REACHED") throw error;
      const { retryAfterMs } = error.problem;
      await new Promise<void>((resolve) => clock.after(retryAfterMs + random() * 250, resolve));
    }
  }
}

test("a thousand workers that come back at once are let in at the server's pace, within seconds", async () => {
  const { clock } = server;
  const random = createSeededRandom(7);
  const startedAt = clock.now();
  const coming = Promise.all(Array.from({ length: 1000 }, () => comeBack(() => random.chance())));
  await clock.advance(8000);
  const arrivals = (await coming).map((at) => at - startedAt).sort((a, b) => a - b);
  expect(arrivals).toHaveLength(1000);
  // The first second's worth at once; from then on never more than that and what the time brought.
  expect(arrivals.filter((at) => at === 0)).toHaveLength(200);
  for (const [i, at] of arrivals.entries()) expect(i + 1).toBeLessThanOrEqual(201 + at / 5);
  expect(arrivals.at(-1)).toBeLessThan(6000);
});
