import { startChild } from "../support/child.ts";
import { type Benchmark, inTurn, type Sample } from "../support/measure.ts";
import { startStem, stopStem } from "../support/stem.ts";

/** Our server with a store that keeps nothing, against the least that grpc-js can do with the same frames. */
export const ceiling: Benchmark = {
  name: "ceiling",
  work: "200,000 tasks to a worker that settles at once: our server without a store, against a minimal grpc-js echo of its frames",
  unit: "tasks/s",
  bound: 0.9,
  run: (plan) =>
    inTurn(
      plan,
      () => rawDrainOfOurs(200_000 * plan.scale),
      () => rawDrainOfEcho(200_000 * plan.scale),
    ),
};

/** Tasks per second of the thinnest worker on our server with a store that keeps nothing. */
export async function rawDrainOfOurs(count: number): Promise<Sample> {
  const server = await startStem("noop", count);
  try {
    return await rawDrain(new URL(server.url).host, count);
  } finally {
    await stopStem(server);
  }
}

async function rawDrainOfEcho(count: number): Promise<Sample> {
  const server = startChild("../processes/echo-server.ts", { count });
  try {
    const { address } = await server.next<{ address: string }>();
    return await rawDrain(address, count);
  } finally {
    await server.end();
  }
}

async function rawDrain(address: string, count: number): Promise<Sample> {
  const worker = startChild("../processes/raw-worker.ts", { address, count });
  const { seconds, settled } = await worker.next<{ seconds: number; settled: number }>();
  await worker.end();
  return { value: count / seconds, delivered: settled === count };
}
