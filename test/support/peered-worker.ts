import { defineTask } from "@stem/sdk";
import { onTestFinished } from "vitest";
import type { TaskContext } from "../../worker/src/context.ts";
import { implement } from "../../worker/src/registry.ts";
import { assembleWorker } from "../../worker/src/worker.ts";
import { settingsOf, type WorkerOptions } from "../../worker/src/worker-options.ts";
import { type GrantWish, grantOf } from "./held-lease.ts";
import { createManualClock } from "./manual-clock.ts";
import { createRecordingLog } from "./recording-log.ts";
import { createStreamPeer, type PeerStream, welcomeFrame } from "./stream-peer.ts";
import { until } from "./until.ts";

/** One run of the handler; it goes on until the test ends it. */
export type Run = {
  readonly ctx: TaskContext;
  readonly end: (result?: unknown) => void;
  readonly fail: (error: unknown) => void;
};

const work = defineTask<[], unknown>({ name: "work" });

/** A worker that has greeted a server which the test plays, under a clock that stands still. Stopped when the test is over. */
export async function greetingWorker(options: Partial<WorkerOptions> = {}) {
  const clock = createManualClock(0);
  const peer = createStreamPeer();
  const log = createRecordingLog();
  const runs: Run[] = [];
  const handler = (ctx: TaskContext): Promise<unknown> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    runs.push({ ctx, end: resolve, fail: reject });
    return promise;
  };
  const usual = { name: "w1", concurrency: 2, prefetchMax: 0, tasks: [implement(work, handler)], log };
  const full = { ...usual, ...options };
  const parts = { transport: peer.transport, clock, random: () => 0.5 };
  const worker = assembleWorker(full, settingsOf(full), parts);
  const started = worker.start();
  started.catch(() => undefined);
  onTestFinished(async () => {
    const stopped = worker.stop({ graceMs: 0 });
    for (let step = 0; step < 4; step += 1) await clock.advance(6000);
    await stopped;
  });
  const first = await peer.stream(1);
  await first.next("hello");
  const run = (n: number): Promise<Run> =>
    until(() => runs[n], { deadlineMs: 50_000, what: `run ${n}`, everyMs: 1 });
  return { clock, peer, log, runs, run, worker, started, first };
}

/** The same, once the server has welcomed it and it has given its first credit. */
export async function welcomeWorker(options: Partial<WorkerOptions> = {}) {
  const parts = await greetingWorker(options);
  parts.first.send(welcomeFrame());
  await parts.started;
  await parts.first.next("credit");
  return parts;
}

/** Grants tasks from number 1 on. `echo`: the worker's frame that the server has processed; else its newest. */
export function grant(stream: PeerStream, wishes: readonly GrantWish[], echo?: number): void {
  stream.send({ case: "grants", value: { firstSeq: 1n, grants: wishes.map(grantOf) } }, echo);
}

/** A lease token as it arrives. */
export const tokenOf = (taskId: string): Uint8Array => new Uint8Array(Buffer.from(taskId));
