import { defaults } from "./defaults.ts";
import { limits } from "./limits.ts";
import { listen } from "./listen.ts";
import { log } from "./log.ts";
import { queues } from "./queues.ts";
import { server } from "./server.ts";
import type { Section, Setting, ValuesOf } from "./setting.ts";
import { store } from "./store.ts";
import { telemetry } from "./telemetry.ts";
import { tls } from "./tls.ts";
import { tokens } from "./tokens.ts";

/** Everything that can be set, in the order of --help. */
export const sections = {
  listen,
  tls,
  tokens,
  store,
  server,
  queues,
  log,
  telemetry,
  defaults,
  limits,
} as const;

/** The name of a section, which is also its key in the configuration file. */
export type SectionName = keyof typeof sections;
/** The values in force, checked and frozen. */
export type Config = { readonly [S in SectionName]: ValuesOf<(typeof sections)[S]> };

/** Names one setting. */
export type SettingPath = { readonly section: SectionName; readonly name: string };
/** A setting with its names: `key` in the file, `variable` in the environment. */
export type NamedSetting = SettingPath & {
  readonly key: string;
  readonly variable: string;
  readonly setting: Setting<unknown>;
};

/** All settings, by key. */
export const settingsByKey: ReadonlyMap<string, NamedSetting> = new Map(
  Object.entries(sections).flatMap(([section, { envPrefix, settings }]: [string, Section]) =>
    Object.entries(settings).map(([name, setting]) => {
      const key = `${section}.${name}`;
      const variable = envPrefix + upperSnake(name);
      return [key, { section: section as SectionName, name, key, variable, setting }];
    }),
  ),
);

function upperSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
