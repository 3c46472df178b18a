import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

/** A Redis Cluster of a test's own on this machine: three masters, each with a replica. Gone when it is stopped. */
export type TestCluster = {
  url(prefix: string): string;
  /** The port of the master that has a key's slot. */
  masterOf(key: string): Promise<number>;
  /** Ends the process behind a port at once, as a crash would. */
  kill(port: number): Promise<void>;
  stop(): Promise<void>;
};

const nodesMax = 6;
const startMsMax = 30_000;

/** Starts one, of which every node keeps a file, synced every second. */
export async function startCluster(program: string): Promise<TestCluster> {
  const home = mkdtempSync(path.join(tmpdir(), "stem-cluster-"));
  const nodes = new Map<number, ChildProcess>();
  for (let i = 0; i < nodesMax; i += 1) {
    const port = await lowPort();
    nodes.set(port, startNode(program, path.join(home, String(port)), port));
  }
  const ports = [...nodes.keys()];
  await Promise.all(ports.map(untilItAnswers));
  join(ports);
  await until(() => isWhole(ports[0] ?? 0), { deadlineMs: startMsMax, what: "the cluster" });

  return {
    url: (prefix) => `redis://127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}?prefix=${prefix}`,
    async masterOf(key) {
      const client = new Redis({ port: ports[0] ?? 0, lazyConnect: true });
      try {
        await client.connect();
        const slot = Number(await client.cluster("KEYSLOT", key));
        const ranges = await client.cluster("SLOTS");
        const master = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2];
        if (master === undefined) throw new Error("nobody has the slot");
        return master[1];
      } finally {
        client.disconnect();
      }
    },
    async kill(port) {
      const node = nodes.get(port);
      if (node === undefined) throw new Error(`there is no node at ${port}`);
      nodes.delete(port);
      await end(node);
    },
    async stop() {
      await Promise.all([...nodes.values()].map(end));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Nodes talk to each other on a port that is 10,000 higher. */
async function lowPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 55_000) return port;
  }
}

function startNode(program: string, folder: string, port: number): ChildProcess {
  mkdirSync(folder);
  const settings = {
    ...{ port: String(port), bind: "127.0.0.1", dir: folder, save: "" },
    ...{ appendonly: "yes", appendfsync: "everysec" },
    ...{ "cluster-enabled": "yes", "cluster-node-timeout": "1000", "cluster-port": "0" },
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn(program, args, { cwd: folder, stdio: "ignore" });
}

async function end(node: ChildProcess): Promise<void> {
  const ended = once(node, "exit");
  node.kill("SIGKILL");
  await ended;
}

async function untilItAnswers(port: number): Promise<void> {
  const client = new Redis({ port, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on("error", () => undefined);
  try {
    await until(
      () =>
        client.connect().then(
          () => true,
          () => false,
        ),
      {
        deadlineMs: startMsMax,
        what: "a node",
        everyMs: 20,
      },
    );
  } finally {
    client.disconnect();
  }
}

function join(ports: readonly number[]): void {
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const args = ["--cluster", "create", ...addresses, "--cluster-replicas", "1", "--cluster-yes"];
  const made = spawnSync("redis-cli", args, { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`no cluster was made: ${made.stdout}${made.stderr}`);
}

/** Whether all slots are served, and every master has its replica. */
async function isWhole(port: number): Promise<boolean> {
  const client = new Redis({ port, lazyConnect: true });
  try {
    await client.connect();
    const info = String(await client.cluster("INFO"));
    const slots = await client.cluster("SLOTS");
    return (
      info.includes("cluster_state:ok") && slots.length === 3 && slots.every((range) => range.length === 4)
    );
  } finally {
    client.disconnect();
  }
}
