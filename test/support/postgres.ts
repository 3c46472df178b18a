import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type pg from "pg";
import {
  createPostgresFiles,
  type PostgresFiles,
  runPostgres,
  untilPostgresAnswers,
  withClient,
} from "./postgres-process.ts";

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
  const files = createPostgresFiles(folder);
  const { home, data } = files;
  const open = tls ? securedAt(files, tls) : [];
  if (tls)
    writeFileSync(path.join(data, "pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 cert\n");
  const run = (): ChildProcess => runPostgres(folder, files, [...common, ...(isSafe ? [] : unsafe), ...open]);
  const connection = { host: home, user: "stem", database: "postgres", ...(tls && { port: tls.port }) };
  let server = run();
  await untilPostgresAnswers(connection);

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
      await untilPostgresAnswers(connection);
    }
  }

  return {
    url: (schema) => `postgres:///postgres?host=${encodeURIComponent(home)}&user=stem&schema=${schema}`,
    sql: (text) => withClient(connection, (client) => client.query(text)),
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
  { home, owner: { uid, gid } }: PostgresFiles,
  { port, cert, key, ca }: NonNullable<PostgresWish["tls"]>,
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
