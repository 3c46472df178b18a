import { nearest, suggestion } from "../lib/nearest.ts";
import type { Given, Layer } from "./layer.ts";
import { sections, settingsByKey } from "./sections.ts";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that names the configuration file. */
export const configVariable = "STEM_CONFIG";

/**
 * Reads the `STEM_*` variables. A wrong name is a mistake when it can only be meant for us: below STEM_LIMIT_ and STEM_DEFAULT_, or
 * a typing error away from a variable of ours. Others may be meant for a client or a script and are left alone.
 */
export function readEnvironment(env: Environment): Layer {
  const keys = new Map([...settingsByKey].map(([key, { variable }]) => [variable, key]));
  const values = new Map<string, Given>();
  const mistakes: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith("STEM_") || variable === configVariable || text === undefined) continue;
    const key = keys.get(variable);
    if (key !== undefined) values.set(key, { value: fromText(key, text), origin: variable });
    else if (isOurs(variable, keys.keys()))
      mistakes.push(`${variable}: there is no such variable${suggestion(variable, keys.keys())}`);
  }
  return { values, mistakes };
}

function fromText(key: string, text: string): unknown {
  return settingsByKey.get(key)?.setting.kind.fromText(text);
}

function isOurs(variable: string, known: Iterable<string>): boolean {
  const reserved = [sections.limits.envPrefix, sections.defaults.envPrefix];
  return (
    reserved.some((prefix) => variable.startsWith(prefix)) ||
    nearest(variable, [...known, configVariable]) !== undefined
  );
}
