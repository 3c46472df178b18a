/** The table of docs/benchmarks.md, made from the trail of results, so that no number stands there that was not measured. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { SavedResult } from "./result.ts";

const page = path.resolve(import.meta.dirname, "../../docs/benchmarks.md");
const trail = path.resolve(import.meta.dirname, "../results");
const [begin, end] = ["<!-- results: begin -->", "<!-- results: end -->"];

/** What the page says now. */
export const readPage = (): string => readFileSync(page, "utf8");

/** Writes the newest results into the page. */
export const writePage = (): void => writeFileSync(page, withResults(readPage()));

/** A page with the table of the saved results in its place. */
export function withResults(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n${tableOf(savedResults())}${text.slice(to)}`;
}

function savedResults(): SavedResult[] {
  const files = readdirSync(trail).filter((file) => file.endsWith(".json"));
  return files.sort().map((file) => JSON.parse(readFileSync(path.join(trail, file), "utf8")) as SavedResult);
}

const columns = ["benchmark", "ours", "peer", "unit", "ratio", "bound", "passes", "runs", "measured", "also"];

function tableOf(results: readonly SavedResult[]): string {
  const rows = [columns, columns.map(() => "---"), ...results.map(rowOf)];
  return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function rowOf(result: SavedResult): string[] {
  const { name, ours, peer, unit, ratio, bound, pass, delivered, measured, extra = {} } = result;
  const also = Object.entries(extra).map(([key, value]) => `${key} ${shown(value)}`);
  if (!delivered) also.push("not delivered exactly");
  return [
    name,
    shown(ours),
    shown(peer),
    unit,
    ratio.toFixed(2),
    `${bound}`,
    pass ? "yes" : "no",
    `${measured.runs}`,
    measured.at.slice(0, 10),
    also.join(", "),
  ];
}

const shown = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
