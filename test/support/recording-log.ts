import type { Log } from "../../server/src/ports/log.ts";

/** A log that a test can read. */
export type RecordingLog = Log & {
  readonly lines: readonly { readonly level: keyof Log; readonly facts: object; readonly text: string }[];
};

/** Keeps what is said. */
export function createRecordingLog(): RecordingLog {
  const lines: { level: keyof Log; facts: object; text: string }[] = [];
  const at = (level: keyof Log) => (facts: object, text: string) => void lines.push({ level, facts, text });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
