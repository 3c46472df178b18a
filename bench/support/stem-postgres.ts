import type { Sample } from "./measure.ts";
import { withPostgres } from "./postgres.ts";
import { stemDrain } from "./stem.ts";

/** The drain of our server on a Postgres that syncs what it commits. */
export const stemPostgresDrain = (count: number): Promise<Sample> =>
  withPostgres(({ url, tidy }) => stemDrain(count, { store: url, whenFull: tidy }));
