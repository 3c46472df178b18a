import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { coverageFile, coverageRows, fixedPart } from "../support/coverage.ts";
import { expectNone, lookedAt, readSource, root } from "./source-files.ts";

const rows = coverageRows(readSource(coverageFile));

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

test("every feature and every mistake that is ours by now has one row", () => {
  const features = numbers(1, 159).map(String);
  const mistakes = [...numbers(1, 29), ...numbers(31, 40), ...numbers(53, 58), ...numbers(63, 69)].map(
    (no) => `W${no}`,
  );
  expect(rows.map(({ no }) => no)).toEqual([...features, ...mistakes]);
});

test("a row names its tests by file and name, or with what it comes, or is still to do", () => {
  const written = rows.filter(({ cell }) => cell !== "" && !cell.startsWith("comes with "));
  lookedAt("rows that name their test", written.length, 1);
  expectNone(
    written.flatMap(({ no, cell, tests }) => (tests.length > 0 ? [] : [`row ${no} names no test: ${cell}`])),
  );
});

test("every test that is named is there; that it ran is checked at the end of the run", () => {
  expectNone(
    rows.flatMap(({ no, tests }) =>
      tests.flatMap(({ file, name }) => {
        if (!existsSync(path.join(root, file))) return [`row ${no}: there is no ${file}`];
        return readSource(file).includes(fixedPart(name)) ? [] : [`row ${no}: ${file} has no test "${name}"`];
      }),
    ),
  );
});
