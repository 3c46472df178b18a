import { graphileDrain } from "../support/graphile.ts";
import { type Benchmark, inTurn } from "../support/measure.ts";
import { stemPostgresDrain } from "../support/stem-postgres.ts";

/** The drain on Postgres, beside a worker that speaks to it itself, in batches. */
export const pgDrain: Benchmark = {
  name: "pg-drain",
  work: "30,000 waiting no-ops through one worker process at concurrency 100, our server on Postgres, against graphile-worker in batched mode",
  unit: "tasks/s",
  bound: 1,
  run: (plan) =>
    inTurn(
      plan,
      () => stemPostgresDrain(30_000 * plan.scale),
      () => graphileDrain(30_000 * plan.scale),
    ),
};
