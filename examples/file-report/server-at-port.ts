import path from "node:path";
import { createConfig, startServer } from "@stem/server";

/** A server to work with, started here or found. */
export type ServerAtPort = {
  readonly url: string;
  /** One line about it. */
  readonly description: string;
  /** Ends it if it was started here. */
  readonly stop: () => Promise<void>;
  readonly startedHere: boolean;
};

/** Uses the Stem server that holds the port; starts one where the port is free; throws where another program holds it. */
export async function serverAtPort(port: number, dataFolder: string): Promise<ServerAtPort> {
  const url = `http://127.0.0.1:${port}`;
  const found = await ask(url);
  if (found === "stranger") {
    throw new Error(`port ${port} is held by another program; choose one: npm start -- --port ${port + 1}`);
  }
  return found === "nobody" ? await start(port, dataFolder) : { url, stop: async () => undefined, ...found };
}

type Found = { readonly description: string; readonly startedHere: false };

async function ask(url: string): Promise<Found | "nobody" | "stranger"> {
  try {
    const response = await fetch(`${url}/stem.v1.ServerService/GetServerInfo`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
      signal: AbortSignal.timeout(3000),
    });
    const info = (await response.json()) as { version?: string; store?: string };
    if (!response.ok || info.version === undefined) return "stranger";
    return {
      description: `Stem ${info.version} runs at ${url} already (store: ${info.store})`,
      startedHere: false,
    };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED" ? "nobody" : "stranger";
  }
}

async function start(port: number, dataFolder: string): Promise<ServerAtPort> {
  const file = path.join(dataFolder, "stem.db");
  const config = createConfig({
    listen: { port },
    store: { url: `sqlite:${file}` },
    // The terminal belongs to the progress bar and the report.
    log: { level: "warn" },
    // The worker lives in this process and dies with it: after a kill nobody waits long for what it held.
    defaults: { leaseMs: 4000, heartbeatMs: 1000, leaseGraceMs: 500 },
  });
  const server = await startServer(config);
  const description = `Stem listens at ${server.url}; tasks are kept, synced to disk, in ${path.relative(process.cwd(), file)}`;
  return { url: server.url, description, stop: () => server.drain(), startedHere: true };
}
