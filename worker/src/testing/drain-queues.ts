import { type Client, createClient } from "@connectrpc/connect";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { createServers, createSystemClock, pause, problemFrom, silentLogger } from "@stem/sdk/internal";
import type { Middleware } from "../middleware.ts";
import { implementationsOf, queuesOf } from "../task-module.ts";
import { createWorker } from "../worker.ts";
import type { WorkerOptions } from "../worker-options.ts";

/** What to run, and where. Only `tasks` has no default. */
export type DrainOptions = Pick<
  WorkerOptions,
  | "tasks"
  | "url"
  | "failover"
  | "dial"
  | "token"
  | "tls"
  | "namespace"
  | "queues"
  | "concurrency"
  | "clock"
  | "log"
  | "client"
> & {
  /** Give up with a DrainTimeoutError when the queues are not empty after this long, in real time. Default 10 s. */
  readonly timeoutMs?: number;
};

/** One attempt that ran. */
export type DrainedTask = {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  /** What its handler threw; undefined when it returned. */
  readonly error: unknown;
};

/** Some tasks did not run to their end in time: a queue is paused, a handler is stuck, or nobody here has the handler. */
export class DrainTimeoutError extends Error {
  override readonly name = "DrainTimeoutError";
  readonly ready: number;
  readonly leased: number;

  constructor(timeoutMs: number, { ready, leased }: Waiting) {
    super(`after ${timeoutMs} ms ${ready} tasks were still ready and ${leased} leased`);
    this.ready = ready;
    this.leased = leased;
  }
}

type Waiting = { readonly ready: number; readonly leased: number };

// In real time: whether the queues are empty is asked over the wire.
const lookEveryMs = 2;

/**
 * Runs all that waits in the queues, what is enqueued meanwhile included, and resolves when nothing is ready or leased any more; answers
 * the attempts that ran, in the order of their ends. What is delayed, or backs off, is left: `clock.advance(ms)`, then drain again.
 */
export async function drainQueues(options: DrainOptions): Promise<readonly DrainedTask[]> {
  const { timeoutMs = 10_000, ...rest } = options;
  const ran: DrainedTask[] = [];
  const worker = createWorker({
    handleSignals: false,
    graceMs: 0,
    name: "drain",
    ...rest,
    middleware: [recordsIn(ran)],
  });
  const { url, dial, failover, token, tls, log = silentLogger } = options;
  const servers = createServers({ url, dial, failover, token, tls, log });
  try {
    await worker.start();
    await untilEmpty(createClient(QueueService, servers.open().transport), options, timeoutMs);
  } finally {
    await worker.stop();
    servers.close();
  }
  return ran;
}

const recordsIn = (ran: DrainedTask[]): Middleware => ({
  async execute({ id, name, attempt }, next) {
    try {
      const result = await next();
      ran.push({ id, name, attempt, error: undefined });
      return result;
    } catch (error) {
      ran.push({ id, name, attempt, error });
      throw error;
    }
  },
});

async function untilEmpty(
  queues: Client<typeof QueueService>,
  options: DrainOptions,
  timeoutMs: number,
): Promise<void> {
  const clock = createSystemClock();
  const giveUpAt = clock.now() + timeoutMs;
  for (;;) {
    const left = await waitingIn(queues, options);
    if (left.ready === 0 && left.leased === 0) return;
    if (clock.now() >= giveUpAt) throw new DrainTimeoutError(timeoutMs, left);
    await pause(clock, lookEveryMs);
  }
}

/** How much is in all queues together. */
async function waitingIn(queues: Client<typeof QueueService>, options: DrainOptions): Promise<Waiting> {
  const { namespace, queues: wanted = queuesOf(implementationsOf(options.tasks)) } = options;
  let [ready, leased] = [0, 0];
  for (const each of wanted) {
    const queue = typeof each === "string" ? each : each.name;
    const depth = await depthOf(queues, { ...(namespace !== undefined && { namespace }), queue });
    ready += Number(depth?.ready ?? 0);
    leased += Number(depth?.leased ?? 0);
  }
  return { ready, leased };
}

async function depthOf(
  queues: Client<typeof QueueService>,
  request: { readonly namespace?: string; readonly queue: string },
) {
  try {
    return (await queues.getQueue(request)).queue?.depth;
  } catch (error) {
    const problem = problemFrom(error);
    // A queue comes into being with its first task.
    if (problem.reason === "QUEUE_UNKNOWN") return undefined;
    throw problem;
  }
}
