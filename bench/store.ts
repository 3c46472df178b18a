/**
 * `node --conditions=stem-src bench/store.ts [--tasks N] [--backlog N] [--json]`: what the SQLite driver does by itself, with fsync,
 * seen through its proxy, without a network. For comparing two versions of the driver on one machine.
 */

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { defaultNamespace, instantOf, queueNameOf } from "../server/src/model/ids.ts";
import { defaults, limits } from "../server/src/model/limits.ts";
import { decideSettle } from "../server/src/model/task-machine.ts";
import type { Store } from "../server/src/ports/store.ts";
import type { Claimed, ClaimRequest } from "../server/src/ports/task-store.ts";
import { openStore } from "../server/src/storage/open.ts";
import { newTask } from "../test/support/new-task.ts";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "200000" },
    backlog: { type: "string", default: "1000000" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
});
const count = Number(values.tasks);
const backlog = Number(values.backlog);
const only = values.only === "" ? undefined : new Set(values.only.split(","));
const now = () => instantOf(Date.now());
const log = { debug() {}, info() {}, warn: console.error, error: console.error };
const queue = queueNameOf("bench");
const result = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
const content = new Uint8Array(randomBytes(200));

let serial = 0;
function uuid(): string {
  serial += 1;
  const t = Date.now().toString(16).padStart(12, "0");
  const r = randomBytes(10).toString("hex");
  return `${t.slice(0, 8)}-${t.slice(8)}-7${r.slice(0, 3)}-8${r.slice(3, 6)}-${r.slice(6, 18)}`;
}
const template = newTask("x", { queue, content });
const tasks = (n: number) =>
  Array.from({ length: n }, () => ({
    ...template,
    id: uuid() as never,
    content,
    contentHash: template.contentHash,
  }));

function cpu() {
  const c = process.cpuUsage();
  return (c.user + c.system) / 1000;
}
const figures: Record<string, number> = {};
async function timed(name: string, n: number, run: () => Promise<void>): Promise<void> {
  const c = cpu();
  const a = performance.now();
  await run();
  const ms = performance.now() - a;
  figures[name] = Math.round((n / ms) * 1000);
  console.error(
    `${name.padEnd(44)} ${String(figures[name]).padStart(8)}/s   ${((ms * 1000) / n).toFixed(2)} us   cpu ${(((cpu() - c) * 1000) / n).toFixed(2)} us`,
  );
}
async function inFlight(width: number, next: () => Promise<boolean>): Promise<void> {
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (await next()) {}
    }),
  );
}
const want = (limit: number): ClaimRequest => ({
  namespace: defaultNamespace,
  queues: [queue],
  limit,
  contentBytesMax: 3_500_000,
  now: now(),
  leaseMs: defaults.leaseMs,
  graceMs: defaults.leaseGraceMs,
  worker: "worker-1234567890",
});
function settlements(claimed: readonly Claimed[]) {
  const at = now();
  return claimed.map((c) => ({
    namespace: defaultNamespace,
    id: c.id,
    fence: c.fence,
    outcomeHash: 123456789012,
    now: at,
    decision: decideSettle(c, { kind: "succeeded", result }, at, 0.5),
  }));
}
const folder = mkdtempSync(path.join(process.env["STEM_BENCH_DIR"] ?? tmpdir(), "stem-bench-"));
const open = () =>
  openStore(`sqlite:${folder}/stem.db`, {
    clock: { now, after: () => () => undefined },
    log,
    limits,
    lease: { leaseMs: defaults.leaseMs, graceMs: defaults.leaseGraceMs },
  });
let store: Store = await open();

async function accept(name: string, n: number, size: number, width: number) {
  const batches = Array.from({ length: Math.ceil(n / size) }, () => tasks(size));
  await timed(name, n, () =>
    inFlight(width, async () => {
      const batch = batches.pop();
      if (!batch) return false;
      await store.accept({ tasks: batch, now: now(), atomic: false });
      return true;
    }),
  );
}
async function cycle(name: string, n: number, size: number, width: number) {
  let left = n;
  const parts = { claim: 0, settle: 0 };
  await timed(name, n, () =>
    inFlight(width, async () => {
      if (left <= 0) return false;
      left -= size;
      const claimed = await store.claim(want(size));
      parts.claim += claimed.length;
      const verdicts = await store.settle(settlements(claimed));
      if (verdicts.some((v) => v.kind !== "applied")) throw new Error("not applied");
      return true;
    }),
  );
}
async function latency(name: string, rate: number, seconds: number) {
  const times: number[] = [];
  const all: Promise<void>[] = [];
  const start = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const tick = () => {
      const due = Math.min(rate * seconds, Math.floor(((performance.now() - start) * rate) / 1000));
      for (; sent < due; sent += 1) {
        const a = performance.now();
        all.push(
          (async () => {
            await store.accept({ tasks: tasks(1), now: now(), atomic: false });
            const c = await store.claim(want(10));
            if (c.length) await store.settle(settlements(c));
            times.push(performance.now() - a);
          })(),
        );
      }
      if (sent >= rate * seconds) resolve();
      else setImmediate(tick);
    };
    tick();
  });
  await Promise.all(all);
  times.sort((a, b) => a - b);
  const q = (s: number) => times[Math.floor(times.length * s)] ?? 0;
  console.error(
    `${name}: p50 ${q(0.5).toFixed(2)} ms p99 ${q(0.99).toFixed(2)} ms p99.9 ${q(0.999).toFixed(2)} max ${times.at(-1)?.toFixed(2)}`,
  );
}
const run = (name: string) => only === undefined || only.has(name);
if (run("accept")) {
  await accept("accept, 1000 a call, 1 in flight", count, 1000, 1);
  await accept("accept, 1000 a call, 4 in flight", count, 1000, 4);
  await accept("accept, 100 a call, 8 in flight", count / 2, 100, 8);
}
if (run("single")) await accept("accept, 1 a call, 100 in flight", count / 5, 1, 100);
if (run("cycle")) {
  await cycle("claim + settle, 500 a call, 2 in flight", count, 500, 2);
  await cycle("claim + settle, 200 a call, 4 in flight", count, 200, 4);
}
if (run("latency")) {
  while ((await store.claim(want(1000))).length) {}
  await latency("accept+claim+settle at 1000/s", 1000, 10);
}
if (run("backlog")) {
  while (true) {
    const c = await store.claim(want(1000));
    if (c.length === 0) break;
    await store.settle(settlements(c));
  }
  const rss0 = process.memoryUsage.rss();
  await accept("fill backlog", backlog, 1000, 4);
  await store.close();
  console.error("file MB", statSync(`${folder}/stem.db`).size / 1e6);
  const a = performance.now();
  store = await open();
  console.error(`open with backlog: ${(performance.now() - a).toFixed(0)} ms`);
  global.gc?.();
  console.error(
    `rss MB ${(process.memoryUsage.rss() / 1e6).toFixed(0)} (before fill ${(rss0 / 1e6).toFixed(0)})`,
  );
  await cycle("claim + settle before 1M, 500 a call", count, 500, 2);
  await cycle("claim + settle before 1M, 500 a call", count, 500, 2);
  console.error(`rss MB ${(process.memoryUsage.rss() / 1e6).toFixed(0)}`);
}
const c = performance.now();
await store.close();
console.error(`close ${(performance.now() - c).toFixed(0)} ms`);
rmSync(folder, { recursive: true });
