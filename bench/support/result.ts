import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Benchmark, type Measured, median, type Plan } from "./measure.ts";

/** What a benchmark prints: medians of both sides, and all runs. */
export type Result = {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly bound: number;
  readonly pass: boolean;
  readonly unit: string;
  readonly runs: { readonly ours: readonly number[]; readonly peer: readonly number[] };
  readonly delivered: boolean;
  readonly extra?: Readonly<Record<string, number>>;
};

/** Judges what was measured by the benchmark's bounds. A run that did not deliver exactly never passes. */
export function resultOf({ name, unit, bound, isCost = false }: Benchmark, measured: Measured): Result {
  const { ours, peer, ratio, delivered, alsoPass = true, extra } = measured;
  return {
    name,
    ours: median(ours),
    peer: median(peer),
    ratio,
    bound,
    pass: (isCost ? ratio <= bound : ratio >= bound) && alsoPass && delivered,
    unit,
    runs: { ours, peer },
    delivered,
    ...(extra && { extra }),
  };
}

/** A result with what it was measured on. */
export type SavedResult = Result & {
  readonly measured: { readonly at: string } & Pick<Plan, "runs" | "scale"> & ReturnType<typeof machine>;
};

/** Adds a result to the trail. */
export function saveResult(result: Result, { runs, scale }: Plan): void {
  const folder = path.resolve(import.meta.dirname, "../results");
  mkdirSync(folder, { recursive: true });
  const record: SavedResult = {
    ...result,
    measured: { at: new Date().toISOString(), runs, scale, ...machine() },
  };
  writeFileSync(path.join(folder, `${result.name}.json`), `${JSON.stringify(record, null, 2)}\n`);
}

function machine() {
  const versionOf = (name: string): string =>
    JSON.parse(
      readFileSync(path.resolve(import.meta.dirname, `../../node_modules/${name}/package.json`), "utf8"),
    ).version;
  return {
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.cpus().length,
    node: process.version,
    bullmq: versionOf("bullmq"),
    grpcJs: versionOf("@grpc/grpc-js"),
    graphileWorker: versionOf("graphile-worker"),
    pgBoss: versionOf("pg-boss"),
  };
}
