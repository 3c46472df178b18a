import { startRedis, type TestRedis } from "../support/redis.ts";
import { type SharedDatabase, type SharedTest, sharedDatabaseTests } from "../support/shared-database.ts";

/** One prefix of keys, and servers on it. */
export type SharedStore = SharedDatabase<TestRedis>;

/** Registers tests over a Redis of this file's own, with `isSafe` one that syncs. */
export const redisTests = (register: (test: SharedTest<TestRedis>) => void, { isSafe = false } = {}): void =>
  sharedDatabaseTests(
    {
      tool: "redis-server",
      start: (program) => startRedis(program, { isSafe }),
      // One that does not sync says in its URL that it may forget.
      durability: "disk",
    },
    register,
  );
