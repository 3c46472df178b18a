import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { type Benchmark, inTurn, type Sample } from "../support/measure.ts";
import { drainWith, fillStem, noops, stemDrain, withStem } from "../support/stem.ts";

/** What tasks that wait at a closed gate cost those behind them. */
export const stuckHead: Benchmark = {
  name: "stuck-head",
  work: "50,000 no-ops behind 100,000 of a higher priority whose key is stopped, against the same with nothing in front",
  unit: "tasks/s",
  bound: 0.9,
  run: (plan) =>
    inTurn(
      plan,
      () => behindStuck(100_000 * plan.scale, 50_000 * plan.scale),
      () => stemDrain(50_000 * plan.scale),
    ),
};

const behindStuck = (stuck: number, count: number): Promise<Sample> =>
  withStem(async (server) => {
    const limits = createClient(LimitService, createGrpcTransport({ baseUrl: server.url }));
    await limits.putLimit({
      limit: { subject: { subject: { case: "key", value: "stuck" } }, concurrency: 0 },
    });
    for (let start = 0; start < stuck; start += 1000)
      await server.client.enqueueMany(
        noops(start, Math.min(1000, stuck - start), { limitKey: "stuck", priority: 9 }),
      );
    await fillStem(server, count);
    return drainWith(server, count);
  });
