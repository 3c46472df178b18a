import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

/** A Redis of a test's own: in a private folder, behind a socket in it, gone when it is stopped. */
export type TestRedis = {
  /** The URL of a store in it whose keys begin so. */
  url(prefix: string): string;
  /** Does something behind the store's back. */
  command(name: string, ...args: readonly string[]): Promise<unknown>;
  /** Ends its process at once, and starts it again when something was done meanwhile. */
  away(meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
};

const startMsMax = 20_000;

/** How one is started. */
export type TestRedisOptions = {
  /** Syncs every write before it answers; without, it keeps nothing, and is faster. */
  readonly isSafe?: boolean;
  /** Also listens on a port of this machine, over TLS, to those whose certificate this authority vouches for; paths of files. */
  readonly tls?: { readonly port: number; readonly cert: string; readonly key: string; readonly ca: string };
};

/** Starts one. */
export async function startRedis(
  program: string,
  { isSafe = false, tls }: TestRedisOptions = {},
): Promise<TestRedis> {
  // Short, because the path of a socket may not be long.
  const home = mkdtempSync(path.join(tmpdir(), "stem-redis-"));
  const socket = path.join(home, "s");
  const keeping = isSafe ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
  const settings = [
    "--port",
    "0",
    "--unixsocket",
    socket,
    "--dir",
    home,
    "--save",
    "",
    ...keeping,
    ...tlsArgs(tls),
  ];
  const run = (): ChildProcess => spawn(program, settings, { cwd: home, stdio: "ignore" });
  let server = run();
  const client = new Redis({ path: socket, lazyConnect: true, maxRetriesPerRequest: 0 });
  client.on("error", () => undefined);
  await untilItAnswers(client);

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  }

  async function away(meanwhile: () => Promise<void>): Promise<void> {
    await end("SIGKILL");
    try {
      await meanwhile();
    } finally {
      server = run();
      await untilItAnswers(client);
    }
  }

  return {
    url: (prefix) =>
      `redis:///?socket=${encodeURIComponent(socket)}&prefix=${prefix}${isSafe ? "" : "&volatile=yes"}`,
    command: (name, ...args) => client.call(name, ...args),
    away,
    async stop() {
      client.disconnect();
      // One that is just beginning its file would not end for less.
      await end("SIGKILL");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const tlsArgs = (tls: TestRedisOptions["tls"]): readonly string[] =>
  tls === undefined
    ? []
    : [
        ...["--tls-port", String(tls.port), "--bind", "127.0.0.1", "--tls-auth-clients", "yes"],
        ...["--tls-cert-file", tls.cert, "--tls-key-file", tls.key, "--tls-ca-cert-file", tls.ca],
      ];

async function untilItAnswers(client: Redis): Promise<void> {
  const until = Date.now() + startMsMax;
  for (;;) {
    try {
      if (client.status === "wait" || client.status === "end") await client.connect();
      await client.ping();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(20);
    }
  }
}
