import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { tools } from "../../scripts/external-tools.ts";
import { freePort } from "./free-port.ts";

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
const startMsMax = 20_000;

/** Gives `use` an empty Postgres that syncs what it commits, and takes it down afterwards. */
export async function withPostgres<Result>(
  use: (postgres: BenchPostgres) => Promise<Result>,
): Promise<Result> {
  const programs = tools.postgres.find();
  if (programs === undefined) throw new Error(`Postgres is not installed: ${tools.postgres.howToAdd}`);
  const port = await freePort();
  const home = mkdtempSync(path.join(os.tmpdir(), "stem-bench-pg-"));
  const flags = ["-D", initialized(programs, home), "-p", `${port}`, "-k", home];
  const postgres = spawn(
    path.join(programs, "postgres"),
    [...flags, ...settings.flatMap((each) => ["-c", each])],
    {
      ...owner(),
      cwd: home,
      stdio: "ignore",
    },
  );
  const exited = once(postgres, "exit");
  try {
    const url = `postgres://stem@127.0.0.1:${port}/postgres`;
    await untilItAnswers(url);
    return await use({ url, count: (sql) => countIn(url, sql), tidy: () => tidied(url) });
  } finally {
    // Does not wait for clients.
    postgres.kill("SIGINT");
    await exited;
    rmSync(home, { recursive: true, force: true });
  }
}

/** Makes its files, and tells where. */
function initialized(programs: string, home: string): string {
  const { uid, gid } = owner();
  if (uid !== undefined && gid !== undefined) chownSync(home, uid, gid);
  const data = path.join(home, "data");
  const args = ["-D", data, "-U", "stem", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  const made = spawnSync(path.join(programs, "initdb"), args, { ...owner(), cwd: home, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  return data;
}

/** Postgres does not run as root: the user that its package brings does. */
function owner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

async function untilItAnswers(url: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 20) {
    try {
      await countIn(url, "SELECT 1");
      return;
    } catch (error) {
      if (waitedMs >= startMsMax) throw error;
      await sleep(20);
    }
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

async function withClient<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(url);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
