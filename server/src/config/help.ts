import { sections } from "./sections.ts";
import type { Section } from "./setting.ts";

/** What --help says below the flags: where settings come from, the names for --default and --limit, and how the server ends. */
export const helpEnd = `
Settings come from flags, else from STEM_* variables, else from the --config file, else from the defaults.

Names for --default, with what they are unless set:
${table(sections.defaults)}

Names for --limit (STEM_LIMIT_… in the environment), with what they are unless set:
${table(sections.limits)}

Exit codes: 0 stopped as asked; 1 a fault of the server; 2 wrong configuration; 3 the store cannot be opened or used;
4 the address cannot be listened on. A second SIGINT or SIGTERM ends it at once, with 128 + the signal's number.`;

function table({ settings }: Section): string {
  const names = Object.keys(settings);
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => `  ${name.padEnd(width)}  ${String(settings[name]?.default)}`).join("\n");
}
