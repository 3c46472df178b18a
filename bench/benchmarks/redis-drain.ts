import { bullmqDrain } from "../support/bullmq.ts";
import { type Benchmark, inTurn } from "../support/measure.ts";
import { withRedis } from "../support/redis.ts";
import { stemDrain } from "../support/stem.ts";

/** The drain, both sides on a Redis that syncs its file before it answers. */
export const redisDrain: Benchmark = {
  name: "redis-drain",
  work: "30,000 waiting no-ops through one worker process at concurrency 100, our server on Redis with appendfsync always, against 15,000 of BullMQ on the same",
  unit: "tasks/s",
  bound: 3,
  run: (plan) =>
    inTurn(
      plan,
      () => withRedis("always", ({ url }) => stemDrain(30_000 * plan.scale, { store: url })),
      () => bullmqDrain(15_000 * plan.scale, "always"),
    ),
};
