import { stemBulk } from "../support/bulk.ts";
import { bullmqBulk } from "../support/bullmq.ts";
import { type Benchmark, inTurn } from "../support/measure.ts";
import { withRedis } from "../support/redis.ts";

/** Enqueueing a thousand a call, both sides on a Redis that syncs its file before it answers. */
export const redisBulk: Benchmark = {
  name: "redis-bulk",
  work: "20,000 no-ops enqueued a thousand a call, our server on Redis with appendfsync always, against BullMQ's addBulk on the same; both warmed up with 10,000",
  unit: "tasks/s",
  bound: 2,
  run: (plan) =>
    inTurn(
      plan,
      () => withRedis("always", ({ url }) => stemBulk(20_000 * plan.scale, url)),
      () => bullmqBulk(20_000 * plan.scale, "always"),
    ),
};
