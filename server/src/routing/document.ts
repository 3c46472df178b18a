/** YAML or JSON as values that know where they stand, so that every mistake can be placed. */

import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { suggestion } from "../lib/nearest.ts";
import type { RoutingMistake } from "../model/route.ts";

/** A value with its place: `key` is the path to it, `node` what the parser made of it, `near` what stands before it. */
export type Value = { readonly key: string; readonly node: unknown; readonly near?: unknown };

/** One entry of a map; `at` is the place of its name. */
export type Entry = { readonly name: string; readonly at: Value; readonly value: Value };

/** A document that is being read: mistakes gather, so that all are told at once. */
export type Reading = {
  readonly root: Value;
  readonly mistakes: RoutingMistake[];
  lineOf(value: Value): number;
  wrong(value: Value, text: string): undefined;
};

/** Reads a text as YAML, of which JSON is a part. */
export function openDocument(text: string): Reading {
  const lines = new LineCounter();
  const mistakes: RoutingMistake[] = [];
  const place = (value: Value) => {
    const node = [value.node, value.near].find((each) => isNode(each));
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const root = { key: "", node: contentsOf(text, lines, mistakes) };
  return {
    root,
    mistakes,
    lineOf: (value) => place(value).line,
    wrong(value, description) {
      mistakes.push({ ...place(value), key: value.key, text: description });
      return undefined;
    },
  };
}

const nestingMax = 32;

/** More open brackets, or more lists that begin in one line, than a right text has: the parser would take seconds for them. */
function isNestedTooDeeply(text: string): boolean {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open += bracket === "[" || bracket === "{" ? 1 : -1;
    if (open > nestingMax) return true;
  }
  return /(?:[-?:][ \t]+){32}/.test(text);
}

function contentsOf(text: string, lineCounter: LineCounter, mistakes: RoutingMistake[]): unknown {
  const tooDeep = { line: 1, column: 1, key: "", text: "is nested too deeply" };
  if (isNestedTooDeeply(text)) {
    mistakes.push(tooDeep);
    return null;
  }
  try {
    // Names that are there twice are found by mapOf: the parser would compare each with each.
    const document = parseDocument(text, { lineCounter, uniqueKeys: false });
    for (const { linePos, message } of [...document.errors, ...document.warnings]) {
      const [{ line, col }] = linePos ?? [{ line: 1, col: 1 }];
      mistakes.push({ line, column: col, key: "", text: sentenceOf(message) });
    }
    return mistakes.length > 0 ? null : document.contents;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    mistakes.push(tooDeep);
    return null;
  }
}

/** The parser's own message goes on with its place and a picture of the line. */
const sentenceOf = (message: string): string =>
  message.split("\n", 1)[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? message;

/** Whether there is nothing behind a key. */
export const isNothing = ({ node }: Value): boolean =>
  node === null || node === undefined || (isScalar(node) && node.value === null);

/** The entries of a map; names are texts, and none is there twice. */
export function mapOf(value: Value, reading: Reading): readonly Entry[] {
  if (isNothing(value)) return [];
  if (!isMap(value.node)) {
    reading.wrong(value, "must be a map of names to values");
    return [];
  }
  const seen = new Set<string>();
  return value.node.items.flatMap((pair) => {
    const name = isScalar(pair.key) ? String(pair.key.value) : "?";
    const key = value.key === "" ? name : `${value.key}.${name}`;
    const at = { key, node: pair.key };
    if (seen.has(name)) reading.wrong(at, "is there twice");
    seen.add(name);
    return [{ name, at, value: written({ key, node: pair.value, near: pair.key }, reading) }];
  });
}

/** An alias of YAML stands for something else, and a few of them for something huge. */
function written(value: Value, reading: Reading): Value {
  if (!isAlias(value.node)) return value;
  reading.wrong(value, "YAML aliases are not taken: write it out");
  return { ...value, node: null };
}

/** The fields of a map whose names are known, in snake_case or camelCase; others are mistakes. */
export function fieldsOf<const N extends string>(
  value: Value,
  names: readonly N[],
  reading: Reading,
): { readonly [K in N]?: Value } {
  const found: { [K in N]?: Value } = {};
  const spelt = new Map<N, string>();
  for (const { name, at, value: field } of mapOf(value, reading)) {
    const known = names.find((each) => each === snakeCase(name));
    if (known === undefined) reading.wrong(at, `there is no such key${suggestion(name, names)}`);
    else if (!spelt.has(known)) {
      spelt.set(known, name);
      if (!isNothing(field)) found[known] = field;
    } else if (spelt.get(known) !== name)
      reading.wrong(at, `says the same as ${spelt.get(known)}, which is there already`);
  }
  return found;
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The items of a list. */
export function listOf(value: Value, reading: Reading): readonly Value[] {
  if (!isSeq(value.node)) {
    reading.wrong(value, "must be a list");
    return [];
  }
  return value.node.items.map((node, index) => written({ key: `${value.key}[${index}]`, node }, reading));
}

/** A text. Numbers and the like are not taken for one: `1.0` would not stay what was written. */
export function textOf(value: Value, reading: Reading): string | undefined {
  if (isScalar(value.node) && typeof value.node.value === "string") return value.node.value;
  return reading.wrong(value, "must be a text: put it in quotes if it is one");
}

/** A whole number from `min` to `max`. */
export function wholeNumberOf(
  value: Value | undefined,
  { min, max }: { readonly min: number; readonly max: number },
  reading: Reading,
): number | undefined {
  if (value === undefined) return undefined;
  const number = isScalar(value.node) ? value.node.value : undefined;
  if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) return number;
  return reading.wrong(value, `must be a whole number from ${min} to ${max}`);
}

/** Whether it is a map or a list, where either may stand. */
export const shapeOf = ({ node }: Value): "map" | "list" | "other" =>
  isMap(node) ? "map" : isSeq(node) ? "list" : "other";

/** A number that need not be whole. */
export function numberOf(
  value: Value,
  { min, max }: { readonly min: number; readonly max: number },
  reading: Reading,
): number | undefined {
  const number = isScalar(value.node) ? value.node.value : undefined;
  if (typeof number === "number" && number >= min && number <= max) return number;
  return reading.wrong(value, `must be a number from ${min} to ${max}`);
}
