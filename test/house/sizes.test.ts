import { expect, test } from "vitest";
import { importsOf } from "./imports.ts";
import { expectNone, isTestFile, lookedAt, readSource, repositoryFiles } from "./source-files.ts";

/** A file that is allowed beyond a wall for now. */
interface Exception {
  readonly file: string;
  readonly reason: string;
  readonly owner: string;
}

/** The list in house.exceptions.json may only get shorter: lower this with it. */
const exceptionsMax = 0;

const importsMax = 16;
const rpcsMax = 10;
const portMethodsMax = 12;

/** Lines a file may have. Vocabulary is read by everybody, so it is kept shorter. */
function linesMax(file: string): number {
  if (isTestFile(file)) return file.startsWith("test/house/") ? 150 : 400;
  return /^server\/src\/(model|ports|lib)\//.test(file) ? 250 : 400;
}

/** Files that put things together, and doors, which hold no logic, may name as many as there are. */
function isComposition(file: string): boolean {
  return (
    isTestFile(file) ||
    /^server\/src\/[^/]+$/.test(file) ||
    /^(sdk-ts|worker)\/src\/(index|internal)\.ts$/.test(file)
  );
}

/** What is beyond a wall in one file. */
function oversizes(file: string): string[] {
  const text = readSource(file);
  const lines = text.trimEnd().split("\n").length;
  const isCode = /\.(ts|js|mjs)$/.test(file);
  const imports = isCode && !isComposition(file) ? importsOf(text).length : 0;
  const rpcs = file.endsWith(".proto") ? [...text.matchAll(/^\s*rpc /gm)].length : 0;
  const methods = file.startsWith("server/src/ports/") ? widestInterface(text) : 0;
  return [
    beyond(file, "lines", [lines, linesMax(file)]),
    beyond(file, "imports", [imports, importsMax]),
    beyond(file, "RPCs", [rpcs, rpcsMax]),
    beyond(file, "methods in one port", [methods, portMethodsMax]),
  ].flat();
}

function beyond(file: string, what: string, [count, max]: readonly [number, number]): string[] {
  return count > max
    ? [`${file}: ${count} ${what}, the wall is ${max}. Split it by the verb a reader looks for`]
    : [];
}

/** Members that can be called, in the type that has most of them. */
function widestInterface(text: string): number {
  const bodies = text.matchAll(/^export (?:interface|type) [^{;]*\{\n(.*?)^\}/gms);
  return Math.max(
    0,
    ...[...bodies].map(
      ([, body]) => [...(body ?? "").matchAll(/^ {2}(?:readonly )?\w+(?:\(|: \()/gm)].length,
    ),
  );
}

test("no file has outgrown its walls", () => {
  const files = repositoryFiles().filter((file) => /\.(ts|js|mjs|proto|py)$/.test(file));
  lookedAt("sizes", files.length, 150);
  const excused = exceptions().map(({ file }) => file);
  expectNone(files.filter((file) => !excused.includes(file)).flatMap(oversizes));
});

test("the list of exceptions only gets shorter", () => {
  const list = exceptions();
  expect(list.length).toBeLessThanOrEqual(exceptionsMax);
  for (const { file, reason, owner } of list) {
    expect(
      [reason, owner].every((text) => text.length > 0),
      `${file} needs a reason and an owner`,
    ).toBe(true);
    expect(oversizes(file), `${file} keeps to the walls: take it off the list`).not.toEqual([]);
  }
});

function exceptions(): readonly Exception[] {
  return JSON.parse(readSource("house.exceptions.json")) as Exception[];
}
