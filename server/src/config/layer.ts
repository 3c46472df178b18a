/** A value that somebody gave, not checked yet, and where: `--port`, `STEM_LISTEN_PORT` or `stem.yaml:3`. */
export type Given = { readonly value: unknown; readonly origin: string };

/** What one source says, by key, and what is wrong with it, a sentence each. */
export type Layer = { readonly values: ReadonlyMap<string, Given>; readonly mistakes: readonly string[] };

/** The configuration is not right: all that is wrong with it at once, a sentence each. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(["The configuration is not right:", ...mistakes.map((line) => `  ${line}`)].join("\n"));
    this.name = "ConfigError";
    this.mistakes = mistakes;
  }
}
