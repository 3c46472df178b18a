import { onTestFinished } from "vitest";
import { type Exit, startServerProcess, type TestProcess } from "../support/server-process.ts";

/** A server of its own process, which can be ended and started again on its port. */
export type FleetServer = {
  readonly url: string;
  /** Signals it, and waits for its end. */
  end(signal: NodeJS.Signals): Promise<Exit>;
  start(): Promise<void>;
  /** What it has logged at a level of warning and above, in all of its lives. */
  complaints(): readonly string[];
};

/** Starts servers on one store. They are ended with the test. */
export async function startFleet(
  storeUrl: string,
  { count = 2, flags = [] }: { readonly count?: number; readonly flags?: readonly string[] } = {},
): Promise<readonly FleetServer[]> {
  const servers: FleetServer[] = [];
  for (let no = 0; no < count; no += 1) servers.push(await startOne(["--store", storeUrl, ...flags]));
  return servers;
}

async function startOne(args: readonly string[]): Promise<FleetServer> {
  const lives: TestProcess[] = [];
  const first = await startServerProcess(args);
  lives.push(first);
  onTestFinished(async () => void (await lives.at(-1)?.end()));
  const { port } = new URL(first.url);
  return {
    url: first.url,
    end: (signal) => (lives.at(-1) ?? first).end(signal),
    async start() {
      lives.push(await startServerProcess([...args, "--port", port]));
    },
    complaints: () => lives.flatMap(({ lines }) => lines.filter((line) => /"level":[4-6]0/.test(line))),
  };
}
