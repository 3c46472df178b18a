import type { TestPostgres } from "../support/postgres.ts";
import type { TestRedis } from "../support/redis.ts";

/**
 * Bytes of the tables of a schema and of their indexes, rows that live, rows that are dead, and for how many seconds those have gathered:
 * since autovacuum, which goes round all tables at once, came last.
 */
export async function postgresSize({ sql }: TestPostgres, schema: string): Promise<Record<string, number>> {
  const { rows } = await sql(`
    SELECT sum(pg_table_size(relid))::float8 AS "tableBytes", sum(pg_indexes_size(relid))::float8 AS "indexBytes",
      sum(n_live_tup)::float8 AS "liveRows", sum(n_dead_tup)::float8 AS "deadRows",
      extract(epoch FROM now() - max(last_autovacuum))::float8 AS "vacuumedAgo"
    FROM pg_stat_user_tables WHERE schemaname = '${schema}'`);
  return rows[0];
}

/** How many rows each table of a schema has. */
export async function postgresRows({ sql }: TestPostgres, schema: string): Promise<Record<string, number>> {
  const tables = await sql(`SELECT relname FROM pg_stat_user_tables WHERE schemaname = '${schema}'`);
  const counts = tables.rows.map(
    ({ relname }) => `SELECT '${relname}' AS name, count(*)::int AS count FROM ${schema}.${relname}`,
  );
  const { rows } = await sql(counts.join(" UNION ALL "));
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

/** How many keys there are, and the bytes of all data. */
export async function redisSize({ command }: TestRedis): Promise<Record<string, number>> {
  const info = String(await command("INFO", "memory"));
  return {
    keys: Number(await command("DBSIZE")),
    dataBytes: Number(/used_memory_dataset:(\d+)/.exec(info)?.[1]),
  };
}

/** How much each key of a prefix holds. */
export async function redisKeys({ command }: TestRedis, prefix: string): Promise<Record<string, number>> {
  const keys = (await command("KEYS", `{${prefix}*`)) as string[];
  return Object.fromEntries(
    await Promise.all(keys.map(async (key) => [key, await lengthOf(command, key)] as const)),
  );
}

const lengths: Readonly<Record<string, string>> = {
  hash: "HLEN",
  set: "SCARD",
  zset: "ZCARD",
  list: "LLEN",
  stream: "XLEN",
};

async function lengthOf(command: TestRedis["command"], key: string): Promise<number> {
  const length = lengths[String(await command("TYPE", key))];
  return length === undefined ? 1 : Number(await command(length, key));
}
