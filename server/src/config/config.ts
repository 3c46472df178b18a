/**
 * The configuration: read, checked, frozen; nothing changes it afterwards. Flags win over STEM_* variables, those over the file, and
 * the file over the defaults. What can be set stands in one file a section: listen.ts, store.ts, log.ts, …
 */

import { contradictions } from "./consistency.ts";
import { configVariable, type Environment, readEnvironment } from "./environment.ts";
import { readConfigFile } from "./file.ts";
import { readFlags } from "./flags.ts";
import { ConfigError, type Given, type Layer } from "./layer.ts";
import { type Config, type NamedSetting, type SectionName, settingsByKey } from "./sections.ts";

export { readNamedFile } from "./file.ts";
export { ConfigError } from "./layer.ts";
export type { Config } from "./sections.ts";
export { version } from "./version.ts";

/** What a command line comes to: a server to start, or a text to print. */
export type Request =
  | { readonly kind: "start"; readonly config: Config }
  | { readonly kind: "answer"; readonly text: string };

/** Reads flags, environment and file. Throws ConfigError, which names all that is wrong, with its origin and what is allowed. */
export function readConfig(argv: readonly string[], env: Environment = process.env): Request {
  const flags = readFlags(argv);
  if (flags.kind === "answer") return flags;
  const path = flags.configFile ?? env[configVariable];
  const layers: readonly Layer[] = [flags, readEnvironment(env), ...(path ? [readConfigFile(path)] : [])];
  return { kind: "start", config: resolve(layers) };
}

/** Some settings; the others keep their defaults. */
export type ConfigInput = { readonly [S in SectionName]?: Partial<Config[S]> };

/** The configuration for a server inside another program: `createConfig({ store: { url: "memory:" } })`. Throws ConfigError. */
export function createConfig(input: ConfigInput = {}): Config {
  const values = new Map<string, Given>();
  const mistakes: string[] = [];
  for (const [section, settings] of Object.entries(input)) {
    for (const [name, value] of Object.entries(settings)) {
      const key = `${section}.${name}`;
      if (settingsByKey.has(key)) values.set(key, { value, origin: "createConfig" });
      else mistakes.push(`createConfig: there is no setting "${key}"`);
    }
  }
  return resolve([{ values, mistakes }]);
}

/** Takes each setting from the first layer that has it. */
function resolve(layers: readonly Layer[]): Config {
  const mistakes = layers.flatMap((layer) => layer.mistakes);
  const config: Record<string, Record<string, unknown>> = {};
  for (const named of settingsByKey.values()) {
    const given = layers.map((layer) => layer.values.get(named.key)).find((found) => found !== undefined);
    const mistake = given && check(named, given);
    if (mistake !== undefined) mistakes.push(mistake);
    config[named.section] ??= {};
    Object.assign(config[named.section] ?? {}, { [named.name]: given?.value ?? named.setting.default });
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return frozen(config as unknown as Config);
}

function check({ key, setting: { kind } }: NamedSetting, { value, origin }: Given): string | undefined {
  if (kind.schema.safeParse(value).success) return undefined;
  const shown = kind.show?.(value) ?? JSON.stringify(value);
  return `${key} (from ${origin}): ${shown} is not allowed; allowed: ${kind.allowed}`;
}

function frozen(config: Config): Config {
  const wrong = contradictions(config);
  if (wrong.length > 0) throw new ConfigError(wrong);
  for (const section of Object.values(config)) {
    for (const value of Object.values(section)) Object.freeze(value);
    Object.freeze(section);
  }
  return Object.freeze(config);
}
