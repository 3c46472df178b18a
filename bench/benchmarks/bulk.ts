import { stemBulk } from "../support/bulk.ts";
import { bullmqBulk } from "../support/bullmq.ts";
import { type Benchmark, inTurn } from "../support/measure.ts";

/** Enqueueing a thousand a call, one call after the other. */
export const bulk: Benchmark = {
  name: "bulk",
  work: "50,000 no-ops enqueued a thousand a call, call after call, against BullMQ's addBulk; both warmed up with 10,000",
  unit: "tasks/s",
  bound: 3,
  run: (plan) =>
    inTurn(
      plan,
      () => stemBulk(50_000 * plan.scale),
      () => bullmqBulk(50_000 * plan.scale),
    ),
};
