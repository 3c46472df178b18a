import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

const command = path.resolve(import.meta.dirname, "../../server/src/cli.ts");

/** How a process ended. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A process under test and what it says. */
export type TestProcess = {
  readonly child: ChildProcess;
  /** All lines so far, of both outputs. */
  readonly lines: readonly string[];
  readonly exited: Promise<Exit>;
  /** The first line, past or future, that matches; throws with all that was said when none comes in time. */
  line(pattern: RegExp, deadlineMs?: number): Promise<string>;
  /** Sends a signal (SIGKILL unless said otherwise) and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Exit>;
};

/** Options of a process. */
export type ProcessOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

/** The same of a process that runs on Node. */
export type NodeProcessOptions = ProcessOptions & {
  /** Flags for Node itself. */
  readonly nodeArgs?: readonly string[];
};

/** Starts a TypeScript file on the Node that runs the tests. */
export function startProcess(
  file: string,
  args: readonly string[],
  { nodeArgs = [], ...options }: NodeProcessOptions = {},
): TestProcess {
  const { env, ...rest } = options;
  const all = ["--conditions=stem-src", ...nodeArgs, file, ...args];
  return startCommand(process.execPath, all, { ...rest, env: { NODE_OPTIONS: "", ...env } });
}

/** Starts any program. */
export function startCommand(
  command: string,
  args: readonly string[],
  { env = {}, cwd }: ProcessOptions = {},
): TestProcess {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const lines: string[] = [];
  const heard = new EventTarget();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      heard.dispatchEvent(new Event("line"));
    });
  }
  const exited = once(child, "close").then(([code, signal]): Exit => {
    heard.dispatchEvent(new Event("line"));
    return { code, signal };
  });
  const end = (signal: NodeJS.Signals = "SIGKILL"): Promise<Exit> => {
    child.kill(signal);
    return exited;
  };
  return { child, lines, exited, end, line: waiterFor(child, lines, heard) };
}

/** Long, for a machine that is busy with other tests. */
const startMsMax = 60_000;

/** A `stem-server` as users start it, on a free port, logging JSON; `url` resolves once it listens. */
export async function startServerProcess(
  args: readonly string[],
  options: NodeProcessOptions = {},
): Promise<TestProcess & { readonly url: string }> {
  const started = startProcess(command, ["--port", "0", "--log-format", "json", ...args], options);
  const line = await started.line(/"msg":"listening"/, startMsMax).catch(async (error) => {
    await started.end();
    throw error;
  });
  return { ...started, url: JSON.parse(line).url };
}

/** Runs a `stem-server` that is expected to end by itself. */
export async function runServerCommand(
  args: readonly string[],
  options: NodeProcessOptions = {},
): Promise<Exit & { readonly said: string }> {
  const started = startProcess(command, args, options);
  const exit = await started.exited;
  return { ...exit, said: started.lines.join("\n") };
}

/** Sends a signal every 100 ms until the process ends. */
export async function endInsistently({ child, exited }: TestProcess, signal: NodeJS.Signals): Promise<Exit> {
  child.kill(signal);
  const timer = setInterval(() => child.kill(signal), 100);
  return exited.finally(() => clearInterval(timer));
}

function waiterFor(child: ChildProcess, lines: readonly string[], heard: EventTarget): TestProcess["line"] {
  return (pattern, deadlineMs = 50_000) =>
    new Promise((resolve, reject) => {
      const give = (why: string): void =>
        stop(() => reject(new Error(`no line like ${pattern} ${why}; said:\n${lines.join("\n")}`)));
      const timer = setTimeout(() => give(`within ${deadlineMs} ms`), deadlineMs);
      const look = (): void => {
        const found = lines.find((line) => pattern.test(line));
        if (found !== undefined) stop(() => resolve(found));
        else if (child.exitCode !== null && child.stdout?.closed) give(`before it ended (${child.exitCode})`);
      };
      const stop = (then: () => void): void => {
        clearTimeout(timer);
        heard.removeEventListener("line", look);
        then();
      };
      heard.addEventListener("line", look);
      look();
    });
}
