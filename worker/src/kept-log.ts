import { LogLevel as LogLevelMessage } from "@stem/proto/stem/v1/task_output_pb";
import type { Logger, LogLevel } from "@stem/sdk";
import { childLogger } from "@stem/sdk/internal";

/** From which level on lines are kept with their task; false: none. */
export type KeptLevel = LogLevel | false;

/** A line to keep. `facts`: as JSON; undefined: none. */
export type KeptLine = {
  readonly level: LogLevelMessage;
  readonly text: string;
  readonly facts: string | undefined;
};

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

const levelMessages = {
  debug: LogLevelMessage.DEBUG,
  info: LogLevelMessage.INFO,
  warn: LogLevelMessage.WARN,
  error: LogLevelMessage.ERROR,
} as const satisfies Record<LogLevel, LogLevelMessage>;

// Beyond 4 KiB the server refuses a line; a text of this length never is.
const textCharsMax = 1365;

/** A logger whose lines are kept with a task besides, from a level on. */
export function keptLog(log: Logger, from: KeptLevel, keep: (line: KeptLine) => void): Logger {
  if (from === false) return log;
  const isKept = new Set(levels.slice(levels.indexOf(from)));
  return keeping(log, {}, (level, facts, text) => {
    if (!isKept.has(level)) return;
    keep({ level: levelMessages[level], text: text.slice(0, textCharsMax), facts: factsText(facts) });
  });
}

type Hear = (level: LogLevel, facts: object, text: string) => void;

function keeping(log: Logger, own: object, hear: Hear): Logger {
  const at =
    (level: LogLevel) =>
    (facts: object, text: string): void => {
      log[level](facts, text);
      hear(level, { ...own, ...facts }, text);
    };
  return {
    ...{ debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    child: (facts) => keeping(childLogger(log, facts), { ...own, ...facts }, hear),
  };
}

/** Facts as JSON, errors by what they say; undefined when there are none, or none that can be written. */
function factsText(facts: object): string | undefined {
  try {
    const text = JSON.stringify(facts, writable);
    return text === "{}" ? undefined : text;
  } catch {
    return undefined;
  }
}

function writable(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  return { ...value, name: value.name, message: value.message, stack: value.stack };
}
