import type { Logger } from "@stem/sdk";

/** One line that a handler logged; the facts include those that the context adds. */
export type RecordedLine = {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly facts: object;
  readonly text: string;
};

/** A logger that keeps what is said. */
export function recordingLog(): { readonly log: Logger; readonly lines: readonly RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const at =
    (level: RecordedLine["level"]) =>
    (facts: object, text: string): void =>
      void lines.push({ level, facts, text });
  return { lines, log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } };
}
