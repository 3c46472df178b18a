import { Command, CommanderError, Option } from "commander";
import { suggestion } from "../lib/nearest.ts";
import { helpEnd } from "./help.ts";
import { ConfigError, type Given, type Layer } from "./layer.ts";
import { type NamedSetting, type SectionName, sections, settingsByKey } from "./sections.ts";
import { version } from "./version.ts";

/** What the command line says: settings and a file, or only a question that the answer is for. */
export type Flags =
  | (Layer & { readonly kind: "settings"; readonly configFile: string | undefined })
  | { readonly kind: "answer"; readonly text: string };

/** Reads the command line. Throws ConfigError for what it does not know. */
export function readFlags(argv: readonly string[]): Flags {
  let text = "";
  const command = describe().configureOutput({
    writeOut: (part) => {
      text += part;
    },
    writeErr: () => undefined,
  });
  try {
    command.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "answer", text };
    throw new ConfigError([error.message.replace(/^error: /, "").replaceAll("\n", " ")]);
  }
  return { kind: "settings", ...settingsOf(command.opts()) };
}

const byName = { limit: "limits", default: "defaults" } as const satisfies Record<string, SectionName>;
const flagged = [...settingsByKey.values()].filter(({ setting }) => setting.flag !== undefined);

function describe(): Command {
  const command = new Command("stem-server")
    .description("The Stem task server: queues, leases and results behind one port.")
    .version(version, "--version", "Print the version and stop.")
    .helpOption("--help", "Print this and stop.")
    .option("--config <file>", "YAML file with settings (STEM_CONFIG).")
    .addHelpText("after", helpEnd)
    .exitOverride();
  for (const named of flagged) command.addOption(optionOf(named));
  const repeated = (value: string, earlier: readonly string[] = []) => [...earlier, value];
  command.option("--default <name=value>", "Default of tasks or pace of leases; repeatable.", repeated);
  command.option("--limit <name=value>", "Bound of the server; repeatable.", repeated);
  return command;
}

function optionOf({ setting, variable }: NamedSetting): Option {
  return new Option(
    setting.flag ?? "",
    `${setting.help} (${variable}; default ${String(setting.default) || "none"})`,
  );
}

function settingsOf(options: Readonly<Record<string, unknown>>): Layer & { configFile: string | undefined } {
  const values = new Map<string, Given>();
  const mistakes: string[] = [];
  for (const { key, setting } of flagged) {
    const option = new Option(setting.flag ?? "");
    const value = options[option.attributeName()];
    if (value !== undefined)
      values.set(key, { value: fromOption(setting.kind, value), origin: option.long ?? "" });
  }
  for (const [flag, section] of Object.entries(byName)) {
    for (const pair of (options[flag] ?? []) as readonly string[]) {
      const [name = "", ...rest] = pair.split("=");
      const key = `${section}.${name}`;
      const kind = settingsByKey.get(key)?.setting.kind;
      if (rest.length === 0) mistakes.push(`--${flag} ${pair}: expected --${flag} name=value`);
      else if (kind === undefined)
        mistakes.push(
          `--${flag} ${pair}: there is no ${flag} "${name}"${suggestion(name, Object.keys(sections[section].settings))}`,
        );
      else values.set(key, { value: kind.fromText(rest.join("=")), origin: `--${flag} ${name}` });
    }
  }
  const { config } = options;
  return { values, mistakes, configFile: typeof config === "string" ? config : undefined };
}

/** A flag without a value comes as true. */
function fromOption(kind: NamedSetting["setting"]["kind"], value: unknown): unknown {
  return typeof value === "string" ? kind.fromText(value) : value;
}
