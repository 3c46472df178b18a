import { hostname } from "node:os";
import {
  type ClientOptions,
  type Clock,
  type Dial,
  defaultUrl,
  type Logger,
  type StemClient,
} from "@stem/sdk";
import type { Implementation } from "./registry.ts";
import type { RecycleRule } from "./runner/bridge/messages.ts";
import { createStderrLog } from "./stderr-log.ts";

/** What a worker needs to know. Only `tasks` has no default. */
export type WorkerOptions = {
  /** What it can do: `tasks: [implement(add, (ctx, a, b) => a + b)]`. */
  readonly tasks: readonly Implementation[];
  /** `http://host:port` or `host:port`. Default http://127.0.0.1:7836. */
  readonly url?: string;
  /** Opens each connection, in place of a socket to `url`: `server.dial` of a server of @stem/server in this process. */
  readonly dial?: Dial;
  /** The namespace of its queues. Default: the server's, "default". */
  readonly namespace?: string;
  /** The queues it serves, 1 to 1,000; among them tasks come by priority, then by age. Default ["default"]. */
  readonly queues?: readonly string[];
  /** How many handlers run at once, 1 to 10,000. Default 10. */
  readonly concurrency?: number;
  /**
   * How many tasks may at most wait here, leased, for a slot. The worker takes no more of them than it starts within 20 ms, so long
   * tasks are never hoarded; 0: none at all. Default 1,000.
   */
  readonly prefetchMax?: number;
  /** Names it for people, at most 255 printable characters without spaces. Default: host name and process id. */
  readonly name?: string;
  /** How long `stop()` lets handlers go on before it aborts them. Default 30 s. */
  readonly graceMs?: number;
  /**
   * How long a handler may go on after its signal aborted. In a thread or child process it is then ended by force, if its lease is lost
   * sooner; in the worker's own process its outcome is settled over its head. Default 5 s.
   */
  readonly abortGraceMs?: number;
  /** When threads and child processes are replaced by new ones. Default: when they have been idle for 30 s. */
  readonly recycle?: RecycleOptions;
  /** `run()` stops the worker on SIGTERM and SIGINT, and at once on a second one. Default true. */
  readonly handleSignals?: boolean;
  /**
   * Where to say what operators should know, such as a pino logger; `ctx.log` is a child of it. Default: warnings and errors on standard
   * error. Another one that says nothing: `{ debug() {}, info() {}, warn() {}, error() {} }`.
   */
  readonly log?: Logger;
  /** What `ctx.enqueue` goes through. Default: a client of the same server and namespace, made when first needed. */
  readonly client?: StemClient;
  /** What leases and time limits go by. Default: the machine's monotonic clock. Tests hand in one that they move on themselves. */
  readonly clock?: Clock;
};

/** When a thread or child process is replaced by a new one, always between two attempts. */
export type RecycleOptions = {
  /** After it has run so many attempts. */
  readonly afterTasks?: number;
  /** When it holds so many bytes for itself: a thread's heap and buffers, a process's resident set. */
  readonly memoryBytesMax?: number;
  /** When it has had nothing to run for so long. Default 30 s. */
  readonly idleMs?: number;
};

/** The options in force. */
export type WorkerSettings = {
  readonly clientOptions: ClientOptions;
  readonly url: string;
  readonly namespace: string | undefined;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly prefetchMax: number;
  readonly name: string;
  readonly graceMs: number;
  readonly abortGraceMs: number;
  readonly recycle: RecycleRule & { readonly idleMs: number };
  readonly handleSignals: boolean;
  readonly log: Logger;
};

const concurrencyMax = 10_000;

/** Fills in the defaults; throws a RangeError that names the option. */
export function settingsOf(options: WorkerOptions): WorkerSettings {
  const { concurrency = 10, prefetchMax = 1000, graceMs = 30_000, queues = ["default"] } = options;
  if (!isCount(concurrency, 1))
    wrong("concurrency", `a whole number from 1 to ${concurrencyMax}`, concurrency);
  if (!isCount(prefetchMax, 0))
    wrong("prefetchMax", `a whole number from 0 to ${concurrencyMax}`, prefetchMax);
  if (!(graceMs >= 0)) wrong("graceMs", "a number of milliseconds, 0 or more", graceMs);
  const { abortGraceMs = 5000, recycle = {} } = options;
  if (!(abortGraceMs >= 0)) wrong("abortGraceMs", "a number of milliseconds, 0 or more", abortGraceMs);
  if (queues.length === 0) wrong("queues", "at least one name", "[]");
  const { url, namespace, log = createStderrLog((line) => process.stderr.write(line)) } = options;
  return {
    clientOptions: { ...given(options), log },
    url: url ?? defaultUrl,
    namespace,
    queues,
    concurrency,
    prefetchMax,
    name: options.name ?? defaultName(hostname(), process.pid),
    graceMs,
    abortGraceMs,
    recycle: recycleOf(recycle),
    handleSignals: options.handleSignals ?? true,
    log,
  };
}

/** What the worker's own client takes over from it. */
function given({ url, dial, namespace }: WorkerOptions): ClientOptions {
  return {
    ...(url !== undefined && { url }),
    ...(dial !== undefined && { dial }),
    ...(namespace !== undefined && { namespace }),
  };
}

function recycleOf({
  afterTasks,
  memoryBytesMax,
  idleMs = 30_000,
}: RecycleOptions): WorkerSettings["recycle"] {
  for (const [option, value] of Object.entries({ afterTasks, memoryBytesMax }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      wrong(`recycle.${option}`, "a whole number, 1 or more", value);
  if (!(idleMs >= 0)) wrong("recycle.idleMs", "a number of milliseconds, 0 or more", idleMs);
  return { afterTasks, memoryBytesMax, idleMs };
}

/** Names a worker by its place. A host's name may have letters, spaces and a length that the server refuses. */
export const defaultName = (host: string, pid: number): string =>
  `${host.replaceAll(/[^\x21-\x7e]/g, "-").slice(0, hostCharsMax)}:${pid}`;

// With a process id behind it, well below 255.
const hostCharsMax = 200;

const isCount = (value: number, min: number): boolean =>
  Number.isInteger(value) && value >= min && value <= concurrencyMax;

function wrong(option: string, rule: string, value: unknown): never {
  throw new RangeError(`${option} must be ${rule}; it is ${String(value)}`);
}
