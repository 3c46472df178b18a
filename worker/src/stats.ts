import { availableParallelism, hostname, loadavg, totalmem } from "node:os";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { WorkerStats } from "@stem/proto/stem/v1/worker_pb";
import type { HeldLease } from "./lease.ts";
import type { Runner } from "./runner/runner.ts";
import type { Outcome } from "./settlement.ts";

/** What a worker has done since it started. */
export type Counts = { started: number; succeeded: number; failed: number };

/** What is told of a worker besides its machine. */
export type StatsDeps = {
  readonly counts: Counts;
  readonly slots: number;
  readonly running: () => number;
  /** Leases held, the running ones included. */
  readonly held: () => number;
  /** How long ago the server confirmed the leases; undefined: never. */
  readonly sinceConfirmedMs: () => number | undefined;
};

/** The same runner, counting what it begins. */
export const counting = (counts: Counts, runner: Runner): Runner => ({
  run(lease: HeldLease) {
    counts.started += 1;
    return runner.run(lease);
  },
});

/** Counts how an attempt ended. What was given back neither succeeded nor failed. */
export function count(counts: Counts, { case: kind }: Outcome): void {
  if (kind === "succeeded") counts.succeeded += 1;
  if (kind === "failed" || kind === "retry" || kind === "rejected") counts.failed += 1;
}

/** How the worker is doing at this moment. */
export function workerStats({ counts, slots, running, held, sinceConfirmedMs }: StatsDeps): WorkerStats {
  const confirmed = sinceConfirmedMs();
  return {
    $typeName: "stem.v1.WorkerStats",
    host: hostname().slice(0, hostCharsMax),
    pid: BigInt(process.pid),
    uptime: durationFromMs(Math.floor(process.uptime() * 1000)),
    load: loadavg(),
    cpus: availableParallelism(),
    memoryBytes: BigInt(process.memoryUsage.rss()),
    memoryBytesMax: BigInt(memoryBytesMax()),
    started: BigInt(counts.started),
    succeeded: BigInt(counts.succeeded),
    failed: BigInt(counts.failed),
    running: running(),
    waiting: held() - running(),
    slots,
    ...(confirmed !== undefined && { sinceConfirmed: durationFromMs(Math.floor(confirmed)) }),
  };
}

/** What the process may have: zero, or more than there is, where nothing but the machine limits it. */
function memoryBytesMax(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

// Its characters may take several bytes, and the server takes 255.
const hostCharsMax = 60;
