import { type Benchmark, inTurn } from "../support/measure.ts";
import { stemDrain } from "../support/stem.ts";
import { rawDrainOfOurs } from "./ceiling.ts";

/** What keeping tasks durably, and the worker runtime, cost over the raw stream. */
export const drainCeiling: Benchmark = {
  name: "drain-ceiling",
  work: "the drain, against our own server without a store and the thinnest worker",
  unit: "tasks/s",
  bound: 0.45,
  run: (plan) =>
    inTurn(
      plan,
      () => stemDrain(100_000 * plan.scale),
      () => rawDrainOfOurs(200_000 * plan.scale),
    ),
};
