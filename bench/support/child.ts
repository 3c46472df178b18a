import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** A part of a benchmark in a process of its own. It gets its settings as JSON and answers with messages. */
export type Child = {
  readonly process: ChildProcess;
  /** The next message; rejects when the process ends first. */
  next<Message>(): Promise<Message>;
  /** Sends a message. */
  send(message: object): void;
  /** Asks it to end by SIGTERM, or ends it by another signal; waits. */
  end(signal?: NodeJS.Signals): Promise<void>;
};

/** Starts a file of processes/, named from here, with flags for Node. Its errors go to our standard error. */
export function startChild(file: string, settings: object, nodeFlags: readonly string[] = []): Child {
  const child = fork(path.resolve(import.meta.dirname, file), [JSON.stringify(settings)], {
    execArgv: ["--conditions=stem-src", ...nodeFlags],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting: unknown[] = [];
  const takers: ((message: unknown) => void)[] = [];
  child.on("message", (message) => {
    const taker = takers.shift();
    if (taker) taker(message);
    else waiting.push(message);
  });
  const ended = once(child, "exit");
  return {
    process: child,
    next: <Message>() =>
      new Promise<Message>((resolve, reject) => {
        if (waiting.length > 0) return resolve(waiting.shift() as Message);
        takers.push((message) => resolve(message as Message));
        ended.then(([code, signal]) => reject(new Error(`${file} ended (${signal ?? code}) without a word`)));
        return undefined;
      }),
    send: (message) => {
      child.send(message);
    },
    end: async (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}

/** The settings that the parent gave, inside a child. */
export const settings = <Settings>(): Settings => JSON.parse(process.argv[2] ?? "{}") as Settings;

/** Says something to the parent, inside a child. */
export function tell(message: object): void {
  process.send?.(message);
}
