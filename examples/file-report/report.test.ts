import { expect, test } from "vitest";
import { mergeReports, type Report, reportOf, tableOf, totalsOf } from "./report.ts";

const reports: readonly Report[] = Array.from({ length: 30 }, (_, i) =>
  reportOf(`folder/file${i}.${"abcdefghijklmno"[i % 15]}`, {
    bytes: i * 1000,
    digest: "",
    text: i % 7 === 0 ? undefined : { lines: i, words: i * 10 },
  }),
);

test("reports merge to the same whatever the order and the grouping", () => {
  const whole = mergeReports(reports);
  const halves = mergeReports([mergeReports(reports.slice(17)), mergeReports(reports.slice(0, 17))]);
  expect(halves).toEqual(whole);
  expect(JSON.stringify(halves)).toBe(JSON.stringify(whole));
  const text = reports.keys().filter((i) => i % 7 !== 0);
  const words = text.reduce((sum, i) => sum + i * 10, 0);
  expect(totalsOf(whole)).toEqual({ files: 30, bytes: 435_000, lines: words / 10, words });
  expect(whole.wordiest.map(({ words }) => words)).toEqual([290, 270, 260]);
});

test("the table has the types with most files, the others in one row, and the sum", () => {
  const lines = tableOf(mergeReports(reports)).split("\n");
  const rows = lines.filter((line) => /[a-z]/.test(line));
  // Head, eleven types, others, all.
  expect(rows).toHaveLength(14);
  expect(rows[1]).toMatch(/\(binary\) +│ +5 /);
  expect(rows.at(-2)).toMatch(/5 others/);
  expect(rows.at(-1)).toMatch(/all +│ +30 .* 435,000 /);
});

test("an empty report is a table with the sum alone", () => {
  expect(tableOf(mergeReports([]))).toMatch(/all +│ +0 /);
});
