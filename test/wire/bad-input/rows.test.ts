import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { rows } from "./rows.ts";

const folder = import.meta.dirname;

/** The row that each test of this folder is named after, as often as there are such tests. */
const named: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith(".test.ts"))
  .flatMap((file) => [
    ...readFileSync(path.join(folder, file), "utf8").matchAll(/^\s*test(?:\.each)?\(.*$/gm),
  ])
  .flatMap(([line]) => /\(\s*["'`](D\d{3}) /.exec(line)?.[1] ?? []);

/** The rows that are listed here; others are listed elsewhere. */
const isOurs = (row: string): boolean => row <= "D050" || (row >= "D140" && row <= "D164");

const inState = (state: string): string[] => Object.keys(rows).filter((row) => rows[row]?.state === state);

test("every row that is tested has one test, named after it", () => {
  expect(named.filter(isOurs).sort()).toEqual(inState("tested"));
});

test("no row is owed any more", () => {
  expect(Object.values(rows).filter(({ owed }) => owed !== undefined)).toEqual([]);
  expect(inState("owed")).toEqual([]);
});
