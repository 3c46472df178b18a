import { once } from "node:events";
import { rmSync } from "node:fs";
import { tools } from "../../scripts/external-tools.ts";
import { freePort } from "../../test/support/free-port.ts";
import {
  createPostgresFiles,
  runPostgres,
  untilPostgresAnswers,
  withClient,
} from "../../test/support/postgres-process.ts";

/** A Postgres of our own: private port and folder on loopback, gone when it is stopped. */
export type BenchPostgres = {
  /** Names its database. */
  readonly url: string;
  /** The one number that a query answers. */
  count(sql: string): Promise<number>;
  /** Does what autovacuum does in time: takes note of what the tables hold by now. */
  tidy(): Promise<void>;
};

/** As Postgres comes, fsync and synchronous_commit among it; a bigger log, so that no side is measured in a checkpoint. */
const settings = ["listen_addresses=127.0.0.1", "max_wal_size=4GB", "log_min_messages=fatal"];

/** Gives `use` an empty Postgres that syncs what it commits, and takes it down afterwards. */
export async function withPostgres<Result>(
  use: (postgres: BenchPostgres) => Promise<Result>,
): Promise<Result> {
  const programs = tools.postgres.find();
  if (programs === undefined) throw new Error(`Postgres is not installed: ${tools.postgres.howToAdd}`);
  const port = await freePort();
  const files = createPostgresFiles(programs);
  const postgres = runPostgres(programs, files, [`port=${port}`, ...settings]);
  const exited = once(postgres, "exit");
  try {
    const url = `postgres://stem@127.0.0.1:${port}/postgres`;
    await untilPostgresAnswers(url);
    return await use({ url, count: (sql) => countIn(url, sql), tidy: () => tidied(url) });
  } finally {
    // Does not wait for clients.
    postgres.kill("SIGINT");
    await exited;
    rmSync(files.home, { recursive: true, force: true });
  }
}

async function countIn(url: string, sql: string): Promise<number> {
  const { rows } = await withClient(url, (client) => client.query({ text: sql, rowMode: "array" }));
  return Number(rows[0]?.[0]);
}

/** Two statements: VACUUM does not run with others. */
const tidied = (url: string): Promise<void> =>
  withClient(url, async (client) => {
    await client.query("VACUUM ANALYZE");
    await client.query("CHECKPOINT");
  });
