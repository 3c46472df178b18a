import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { type SharedDatabase, type SharedTest, sharedDatabaseTests } from "../support/shared-database.ts";

/** One schema, and servers on it. */
export type SharedStore = SharedDatabase<TestPostgres>;

/** Registers tests over a Postgres of this file's own, with `isSafe` one that syncs. */
export const postgresTests = (
  register: (test: SharedTest<TestPostgres>) => void,
  { isSafe = false } = {},
): void =>
  sharedDatabaseTests(
    {
      tool: "postgres",
      start: (folder) => startPostgres(folder, { isSafe }),
      durability: isSafe ? "disk" : "relaxed",
    },
    register,
  );
