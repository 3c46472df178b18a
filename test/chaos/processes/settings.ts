/** What every process of a chaos run is told. */
export type ProcessSettings = {
  /** The server, or a wire to it. */
  readonly url: string;
  /** Where histories are written. */
  readonly folder: string;
  /** Its name in them. */
  readonly proc: string;
  readonly seed: number;
};

/** The settings that a run gave to this process. */
export const settingsOfProcess = <Settings extends ProcessSettings>(): Settings =>
  JSON.parse(process.argv[2] ?? "{}") as Settings;

/** Aborts when this process is asked to end. */
export function endSignal(): AbortSignal {
  const ending = new AbortController();
  process.once("SIGTERM", () => ending.abort());
  return ending.signal;
}
