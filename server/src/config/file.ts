import { readFileSync } from "node:fs";
import { isMap, isNode, isScalar, LineCounter, type Pair, parseDocument, type YAMLMap } from "yaml";
import { suggestion } from "../lib/nearest.ts";
import { ConfigError, type Given, type Layer } from "./layer.ts";
import { sections, settingsByKey } from "./sections.ts";

/** Reads a YAML file of sections with settings. Throws ConfigError when there is none or it is no YAML. */
export function readConfigFile(path: string): Layer {
  const lines = new LineCounter();
  const document = parseDocument(readNamedFile(path, "the configuration file"), { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error) => `${path}: ${firstLine(error.message)}`));
  }
  const reading: Reading = {
    values: new Map(),
    mistakes: [],
    where: (node) => `${path}:${lines.linePos((isNode(node) && node.range?.[0]) || 0).line}`,
    plain: (node) => (isNode(node) ? node.toJS(document) : node),
  };
  if (isMap(document.contents)) readSections(document.contents, reading);
  else if (document.contents !== null) reading.mistakes.push(`${path}: expected sections such as "listen:"`);
  return reading;
}

/** What has been read so far, and how to place and unwrap a node. */
type Reading = {
  readonly values: Map<string, Given>;
  readonly mistakes: string[];
  readonly where: (node: unknown) => string;
  readonly plain: (node: unknown) => unknown;
};

function readSections(root: YAMLMap, reading: Reading): void {
  for (const pair of root.items) {
    const section = nameOf(pair);
    const at = reading.where(pair.key);
    if (!Object.hasOwn(sections, section)) {
      reading.mistakes.push(
        `${at}: there is no section "${section}"${suggestion(section, Object.keys(sections))}`,
      );
    } else if (isMap(pair.value)) {
      readSettings(section, pair.value, reading);
    } else if (reading.plain(pair.value) !== null) {
      reading.mistakes.push(`${at}: "${section}" is a section; its settings stand indented below it`);
    }
  }
}

function readSettings(section: string, map: YAMLMap, { values, mistakes, where, plain }: Reading): void {
  for (const pair of map.items) {
    const key = `${section}.${nameOf(pair)}`;
    const origin = where(pair.key);
    const value = plain(pair.value);
    if (!settingsByKey.has(key)) {
      mistakes.push(`${origin}: there is no setting "${key}"${suggestion(key, settingsByKey.keys())}`);
      // `port:` with nothing behind it says nothing.
    } else if (value !== null) values.set(key, { value, origin });
  }
}

const nameOf = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key);

/** The parser's own message goes on with a picture of the line. */
const firstLine = (message: string): string => message.split("\n", 1)[0]?.replace(/:$/, "") ?? message;

/** The text of a file that the configuration names. Throws ConfigError when there is none. */
export function readNamedFile(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new ConfigError([`${path}: ${what} cannot be read (${code})`]);
  }
}
