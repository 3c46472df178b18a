/** YAML or JSON as values that know where they stand, so that every mistake can be placed. */

import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { isNestedDeeper } from "./document-nesting.ts";
import { suggestion } from "./nearest.ts";

/** Something that is wrong with a document, and where. */
export type Mistake = {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Such as `queues.mail.priority_range`; empty where it is about the whole text. */
  readonly key: string;
  readonly text: string;
};

/** A value with its place: `key` is the path to it, `node` what the parser made of it, `near` what stands before it. */
export type Value = { readonly key: string; readonly node: unknown; readonly near?: unknown };

/** One entry of a map; `at` is the place of its name. */
export type Entry = { readonly name: string; readonly at: Value; readonly value: Value };

/** A document that is being read: mistakes gather, so that all are told at once. */
export type Reading = {
  readonly root: Value;
  readonly mistakes: Mistake[];
  lineOf(value: Value): number;
  wrong(value: Value, text: string): undefined;
};

/** Reads a text as YAML 1.2, of which JSON is a part; one that nests deeper is a mistake. */
export function openDocument(text: string, nestingMax: number): Reading {
  const lines = new LineCounter();
  const mistakes: Mistake[] = [];
  const place = (value: Value) => {
    const node = [value.node, value.near].find((each) => isNode(each));
    return placeAt(lines, node?.range?.[0] ?? 0);
  };
  const root = { key: "", node: contentsOf(text, { lines, mistakes, nestingMax }) };
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

function placeAt(lines: LineCounter, offset: number): { readonly line: number; readonly column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

type Parsing = { readonly lines: LineCounter; readonly mistakes: Mistake[]; readonly nestingMax: number };

/** The parser finds tens of thousands in a hostile text. */
const parserMistakesMax = 100;

/**
 * Names that are there twice are found by mapOf: the parser would compare each with each. It would also draw every mistake's line, which
 * takes minutes for a text of mistakes. The schema is the one of YAML 1.2 whatever the text says, and of tags it knows those of JSON.
 */
const parserOptions = {
  uniqueKeys: false,
  prettyErrors: false,
  schema: "core",
  resolveKnownTags: false,
} as const;

function contentsOf(text: string, { lines, mistakes, nestingMax }: Parsing): unknown {
  const tooDeep = { line: 1, column: 1, key: "", text: "is nested too deeply" };
  try {
    // The parser would take seconds for it.
    if (isNestedDeeper(text, nestingMax)) throw new RangeError(tooDeep.text);
    const document = parseDocument(text, { ...parserOptions, lineCounter: lines });
    for (const { pos, message } of [...document.errors, ...document.warnings].slice(0, parserMistakesMax))
      mistakes.push({ ...placeAt(lines, pos[0]), key: "", text: message });
    return mistakes.length > 0 ? null : document.contents;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    mistakes.push(tooDeep);
    return null;
  }
}

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
    const name = nameOf(pair.key);
    const key = value.key === "" ? (name ?? "?") : `${value.key}.${name ?? "?"}`;
    const at = { key, node: pair.key };
    if (name === undefined) {
      reading.wrong(at, "has a name that is not a text");
      return [];
    }
    if (seen.has(name)) reading.wrong(at, "is there twice");
    seen.add(name);
    return [{ name, at, value: written({ key, node: pair.value, near: pair.key }, reading) }];
  });
}

/** A name as it is written; undefined: it is no text. */
function nameOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
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

/** A name of a field, in either spelling, as snake_case. */
export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

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

/**
 * The place of what a path leads to, or of the last on the way to it that is there. Fields may be in either spelling; items of lists go by
 * their number.
 */
export function placeOf(value: Value, path: readonly string[]): Value {
  let [at, node]: [unknown, unknown] = [value.near ?? value.node, value.node];
  for (const step of path) {
    const next = stepInto(node, step);
    if (next === undefined) break;
    ({ at, node } = next);
  }
  return { key: value.key, node: at };
}

function stepInto(node: unknown, step: string): { readonly at: unknown; readonly node: unknown } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { at: item, node: item };
  }
  const pairs = isMap(node) ? node.items : [];
  const pair = pairs.find(({ key }) => [nameOf(key), snakeCase(nameOf(key) ?? "")].includes(step));
  return pair && { at: pair.key, node: pair.value };
}
