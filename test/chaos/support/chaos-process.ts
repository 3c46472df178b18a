import type { Exit, TestProcess } from "../../support/server-process.ts";
import type { Journal } from "./journal.ts";

/** A process of a run. Whatever is done to it is written down first. */
export type ChaosProcess = {
  readonly name: string;
  readonly isRunning: boolean;
  /** What it said of errors that ought not to happen. */
  readonly errors: readonly string[];
  /** Kills it without a warning, and waits for its end. */
  kill(): Promise<Exit>;
  /** Freezes it. */
  stop(): void;
  /** Lets a frozen one go on. */
  continue(): void;
  /** Asks it to end. */
  term(): void;
  /** Resolves with how it ended. */
  readonly exited: Promise<Exit>;
  /** Ends it if it still runs; for cleaning up, and not written down. */
  end(): Promise<Exit>;
};

/** A log line of a server from "error" upwards, or an error that took a process down. */
const errorLine = /"level":"?(50|60|error|fatal)\b|^\w*Error\b|^Uncaught/;

/** Wraps a process that was started for a run. */
export function createChaosProcess(name: string, started: TestProcess, journal: Journal): ChaosProcess {
  const { child, lines, exited } = started;
  const signal = (op: "kill" | "stop" | "continue" | "term", number: NodeJS.Signals): void => {
    journal.write({ op, phase: "ok", target: name });
    child.kill(number);
  };
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    name,
    exited,
    get isRunning() {
      return isRunning();
    },
    get errors() {
      return lines.filter((line) => errorLine.test(line)).map((line) => `${name}: ${line}`);
    },
    kill() {
      signal("kill", "SIGKILL");
      return exited;
    },
    stop: () => signal("stop", "SIGSTOP"),
    continue: () => signal("continue", "SIGCONT"),
    term: () => signal("term", "SIGTERM"),
    end() {
      if (isRunning()) child.kill("SIGKILL");
      return exited;
    },
  };
}
