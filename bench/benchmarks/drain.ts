import { bullmqDrain } from "../support/bullmq.ts";
import { type Benchmark, inTurn } from "../support/measure.ts";
import { stemDrain } from "../support/stem.ts";

/** No-ops through one worker process, SQLite with fsync against BullMQ on Redis without. */
export const drain: Benchmark = {
  name: "drain",
  work: "100,000 waiting no-ops through one worker process at concurrency 100, against 20,000 of BullMQ",
  unit: "tasks/s",
  bound: 4,
  run: (plan) =>
    inTurn(
      plan,
      () => stemDrain(100_000 * plan.scale),
      () => bullmqDrain(20_000 * plan.scale),
    ),
};
