import path from "node:path";
import Table from "cli-table3";
import type { FileStatistics } from "./file-statistics.ts";

/** Numbers of a group of files. */
export type Totals = {
  readonly files: number;
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
};

/** What is known of many files: numbers by file type, and the wordiest of all. */
export type Report = {
  readonly byType: Readonly<Record<string, Totals>>;
  readonly wordiest: readonly { readonly path: string; readonly words: number }[];
};

const nothing: Totals = { files: 0, bytes: 0, lines: 0, words: 0 };
const wordiestMax = 3;
const rowsMax = 12;

/** The report of a single file. */
export function reportOf(file: string, { bytes, text }: FileStatistics): Report {
  const type = text === undefined ? "(binary)" : path.extname(file) || "(no extension)";
  const { lines, words } = text ?? nothing;
  return { byType: { [type]: { files: 1, bytes, lines, words } }, wordiest: [{ path: file, words }] };
}

/** One report of several; the order does not matter. */
export function mergeReports(reports: readonly Report[]): Report {
  const byType = new Map<string, Totals>();
  for (const report of reports) {
    for (const [type, totals] of Object.entries(report.byType)) {
      byType.set(type, sum([byType.get(type) ?? nothing, totals]));
    }
  }
  const wordiest = reports
    .flatMap((report) => report.wordiest)
    .sort((a, b) => b.words - a.words || (a.path < b.path ? -1 : 1))
    .slice(0, wordiestMax);
  return { byType: Object.fromEntries([...byType].sort(byName)), wordiest };
}

/** All its numbers as one. */
export function totalsOf({ byType }: Report): Totals {
  return sum(Object.values(byType));
}

/** The report as a table: the types with most files, the rest in one row, the sum. */
export function tableOf(report: Report): string {
  const types = Object.entries(report.byType).sort(([, a], [, b]) => b.files - a.files);
  const shown = types.length > rowsMax ? types.slice(0, rowsMax - 1) : types;
  const others = types.slice(shown.length).map(([, totals]) => totals);
  const table = new Table({
    head: ["type", "files", "lines", "words", "bytes"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  table.push(...shown.map(([type, totals]) => row(type, totals)));
  if (others.length > 0) table.push(row(`${others.length} others`, sum(others)));
  table.push(row("all", totalsOf(report)));
  return table.toString();
}

function row(name: string, { files, lines, words, bytes }: Totals): string[] {
  return [name, ...[files, lines, words, bytes].map((number) => number.toLocaleString("en"))];
}

function sum(all: readonly Totals[]): Totals {
  return all.reduce(
    (a, b) => ({
      files: a.files + b.files,
      bytes: a.bytes + b.bytes,
      lines: a.lines + b.lines,
      words: a.words + b.words,
    }),
    nothing,
  );
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
