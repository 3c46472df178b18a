import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { rowIds, rowsOwed } from "./rows-owed.ts";

const rows = Object.values(rowIds).flatMap((ids) => ids.split(" "));
const owed = Object.values(rowsOwed).flatMap((ids) => Object.keys(ids));

/** The numbers that tests of this folder begin with. */
const tested = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(path.join(import.meta.dirname, file), "utf8"))
  .flatMap((text) => [...text.matchAll(/^\s*test\(\s*"(D\d{3}) /gm)].map(([, id = ""]) => id))
  .filter((id) => rows.includes(id));

test("every row is tested once or owed once, and none is both", () => {
  expect(rows).toHaveLength(99);
  expect([...tested, ...owed].toSorted()).toEqual(rows);
});
