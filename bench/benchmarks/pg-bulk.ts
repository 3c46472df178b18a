import { stemBulk } from "../support/bulk.ts";
import { type Benchmark, inTurn } from "../support/measure.ts";
import { bossBulk } from "../support/pg-boss.ts";
import { withPostgres } from "../support/postgres.ts";

/** Enqueueing a thousand a call, on Postgres. */
export const pgBulk: Benchmark = {
  name: "pg-bulk",
  work: "20,000 no-ops enqueued a thousand a call, our server on Postgres, against pg-boss's insert; both warmed up with 10,000",
  unit: "tasks/s",
  bound: 1.5,
  run: (plan) =>
    inTurn(
      plan,
      () => withPostgres(({ url }) => stemBulk(20_000 * plan.scale, url)),
      () => bossBulk(20_000 * plan.scale),
    ),
};
