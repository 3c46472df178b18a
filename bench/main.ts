/**
 * `npm run bench -- NAME [NAME …] [--runs N] [--scale X] [--json] [--save]`, or `--help`: measures named benchmarks, each beside its peer. With
 * --json the last line is one JSON object a benchmark (an array when there are several). With --save the results go to bench/results/
 * and into the table of docs/benchmarks.md.
 */

import { parseArgs } from "node:util";
import Table from "cli-table3";
import { benchmarks } from "./benchmarks/benchmarks.ts";
import type { Benchmark } from "./support/measure.ts";
import { type Result, resultOf, saveResult } from "./support/result.ts";
import { writePage } from "./support/results-page.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "5" },
    scale: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(usage());
  process.exit(0);
}

const chosen = positionals.length === 0 ? benchmarks : positionals.map(named);
const plan = {
  runs: Number(values.runs),
  scale: Number(values.scale),
  say: (text: string) => console.error(`  ${text}`),
};
const results: Result[] = [];
for (const benchmark of chosen) {
  console.error(`${benchmark.name}: ${benchmark.work}`);
  const result = resultOf(benchmark, await benchmark.run(plan));
  results.push(result);
  if (values.save) saveResult(result, plan);
}
if (values.save) writePage();
console.log(tableOf(results));
if (values.json) console.log(JSON.stringify(results.length === 1 ? results[0] : results));

function usage(): string {
  const list = benchmarks.map(({ name, work, bound }) => `  ${name.padEnd(14)} ${work}; bound ${bound}`);
  return `npm run bench -- [NAME …] [--runs N] [--scale X] [--json] [--save]\n\n${list.join("\n")}`;
}

function named(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found) return found;
  console.error(`there is no benchmark "${name}"; there are ${benchmarks.map((one) => one.name).join(", ")}`);
  return process.exit(2);
}

function tableOf(rows: readonly Result[]): string {
  const table = new Table({
    head: ["benchmark", "ours", "peer", "unit", "ratio", "bound", "pass", "delivered"],
  });
  for (const row of rows) {
    const pass = row.pass ? "yes" : "NO";
    const delivered = row.delivered ? "exactly" : "NOT EXACTLY";
    table.push([
      row.name,
      shown(row.ours),
      shown(row.peer),
      row.unit,
      row.ratio.toFixed(2),
      row.bound,
      pass,
      delivered,
    ]);
  }
  return table.toString();
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}
