import { until } from "../support/until.ts";
import type { SharedStore } from "./shared-store.ts";

/** One number of Postgres' own statistics, once all other connections have ended: until then what they did is not counted. */
export async function statistic({ server }: SharedStore, sql: string): Promise<number> {
  const others =
    "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
  await until(async () => (await server.sql(others)).rowCount === 0, {
    deadlineMs: 50_000,
    everyMs: 10,
    what: "the end of all connections",
  });
  const { rows } = await server.sql(sql);
  return Number(Object.values(rows[0] ?? {})[0]);
}
