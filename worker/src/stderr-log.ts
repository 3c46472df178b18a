import { inspect } from "node:util";
import type { Logger } from "@stem/sdk";

const skip = (): void => undefined;

/**
 * The default logger: warnings and errors, one a line, on standard error. A worker is most often a program of its own, and one that
 * cannot reach its server must not look as if it had nothing to do.
 */
export function createStderrLog(write: (line: string) => unknown): Logger {
  const at = (level: string) => (facts: object, text: string) => {
    write(`stem worker ${level}: ${text}${factsText(facts)}\n`);
  };
  return { debug: skip, info: skip, warn: at("warning"), error: at("error") };
}

/** Errors among the facts keep their stacks. */
const factsText = (facts: object): string =>
  Object.keys(facts).length === 0
    ? ""
    : ` ${inspect(facts, { breakLength: Number.POSITIVE_INFINITY, depth: 4 })}`;
