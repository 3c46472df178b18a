import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** A Postgres of a test's own: in a private folder, behind a socket in it, gone when it is stopped. */
export type TestPostgres = {
  /** The URL of its database, for a schema. */
  url(schema: string): string;
  /** Runs SQL behind the store's back. */
  sql(text: string): Promise<pg.QueryResult>;
  /** Ends all of its processes at once, as a crash would, and starts it again. */
  crash(): Promise<void>;
  /** Ends it as a crash would, and starts it again when something was done meanwhile. */
  away(meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Not safe from power failures, which tests do not bring about, and faster for it. No autovacuum: a transaction of its own in between
 * makes readers of the log wait.
 */
const unsafe = ["fsync=off", "full_page_writes=off", "autovacuum=off"];
const common = ["listen_addresses=", "max_connections=200", "shared_buffers=64MB", "log_min_messages=fatal"];
const startMsMax = 20_000;

/** What one is started with. */
export type PostgresWish = {
  /** Whether it syncs as a real one does. */
  readonly isSafe?: boolean;
  /** Makes it listen on a port of the loopback, too, where it takes nothing but TLS, and certificates of this authority for its users. */
  readonly tls?: { readonly port: number; readonly cert: string; readonly key: string; readonly ca: string };
};

/** Starts one. `folder` holds its programs. */
export async function startPostgres(
  folder: string,
  { isSafe = false, tls }: PostgresWish = {},
): Promise<TestPostgres> {
  // Short, because the path of a socket may not be long.
  const home = mkdtempSync(path.join(tmpdir(), "stem-pg-"));
  const user = isRoot() ? { uid: idOf("-u"), gid: idOf("-g") } : {};
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid);
  const data = path.join(home, "data");
  const made = spawnSync(
    path.join(folder, "initdb"),
    ["-D", data, "-U", "stem", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
    { ...user, cwd: home, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const open = tls ? securedAt(home, tls, user) : [];
  if (tls)
    writeFileSync(path.join(data, "pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 cert\n");
  const settings = [...common, ...(isSafe ? [] : unsafe), ...open].flatMap((each) => ["-c", each]);
  const run = (): ChildProcess =>
    spawn(path.join(folder, "postgres"), ["-D", data, "-k", home, ...settings], {
      ...user,
      cwd: home,
      stdio: "ignore",
    });
  const connection = { host: home, user: "stem", database: "postgres", ...(tls && { port: tls.port }) };
  let server = run();
  await untilItAnswers(connection);

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  async function away(meanwhile: () => Promise<void>): Promise<void> {
    await end("SIGQUIT");
    try {
      await meanwhile();
    } finally {
      server = run();
      await untilItAnswers(connection);
    }
  }

  return {
    url: (schema) => `postgres:///postgres?host=${encodeURIComponent(home)}&user=stem&schema=${schema}`,
    async sql(text) {
      const client = new pg.Client(connection);
      await client.connect();
      try {
        return await client.query(text);
      } finally {
        await client.end();
      }
    },
    crash: () => away(async () => undefined),
    away,
    async stop() {
      // Does not wait for clients that somebody forgot; the test that did fails for what it left open.
      await end("SIGINT");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The settings for TLS; the key is copied to where it may lie: its owner's, and nobody else's to read. */
function securedAt(
  home: string,
  { port, cert, key, ca }: NonNullable<PostgresWish["tls"]>,
  { uid, gid }: { readonly uid?: number; readonly gid?: number },
): string[] {
  const files = { ssl_cert_file: cert, ssl_key_file: key, ssl_ca_file: ca };
  const settings = Object.entries(files).map(([name, file]) => {
    const copy = path.join(home, name);
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    if (uid !== undefined && gid !== undefined) chownSync(copy, uid, gid);
    return `${name}=${copy}`;
  });
  return ["listen_addresses=127.0.0.1", `port=${port}`, "ssl=on", ...settings];
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** Postgres does not run as root: the user that its package brings does. */
const idOf = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));

async function untilItAnswers(connection: pg.ClientConfig): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 20) {
    const client = new pg.Client(connection);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (waitedMs >= startMsMax) throw error;
      await sleep(20);
    }
  }
}
