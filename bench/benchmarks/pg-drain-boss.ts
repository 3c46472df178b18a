import { type Benchmark, inTurn } from "../support/measure.ts";
import { bossDrain } from "../support/pg-boss.ts";
import { stemPostgresDrain } from "../support/stem-postgres.ts";

/** The drain on Postgres, beside a process that fetches batches and completes them. */
export const pgDrainBoss: Benchmark = {
  name: "pg-drain-boss",
  work: "20,000 waiting no-ops through one worker process at concurrency 100, our server on Postgres, against pg-boss's fetch and complete",
  unit: "tasks/s",
  bound: 3,
  run: (plan) =>
    inTurn(
      plan,
      () => stemPostgresDrain(20_000 * plan.scale),
      () => bossDrain(20_000 * plan.scale),
    ),
};
