import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { quantile } from "./measure.ts";

/** So many syncs tell how long one takes. */
const syncs = 200;
/** About what a commit of one task writes. */
const bytes = Buffer.alloc(8192, "x");

/** How long, in ms, the disk that the servers use takes to make 8 KiB durable: what no durable answer can be faster than. */
export function syncTimes(): { readonly p50: number; readonly p99: number } {
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-bench-sync-"));
  const file = openSync(path.join(folder, "file"), "w");
  try {
    const times = Array.from({ length: syncs }, () => {
      const startedAt = performance.now();
      writeSync(file, bytes);
      fdatasyncSync(file);
      return performance.now() - startedAt;
    });
    times.sort((a, b) => a - b);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}
