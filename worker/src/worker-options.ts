import { hostname } from "node:os";
import type {
  ClientOptions,
  Clock,
  Dial,
  FailoverOptions,
  Logger,
  ServerUrl,
  StemClient,
  TlsOptions,
  TokenSource,
} from "@stem/sdk";
import { reachOf, silentLogger } from "@stem/sdk/internal";
import { type AutoscaleOptions, type ScaleRule, scaleRuleOf } from "./autoscale.ts";
import type { KeptLevel } from "./kept-log.ts";
import type { Middleware } from "./middleware.ts";
import type { OwnBackoff } from "./own-backoff.ts";
import type { Implementation } from "./registry.ts";
import type { RecycleRule } from "./runner/bridge/messages.ts";
import { createStderrLog } from "./stderr-log.ts";
import { implementationsOf, queuesOf, type TaskModule } from "./task-module.ts";

/** What a worker needs to know. Only `tasks` has no default. */
export type WorkerOptions = {
  /** What it can do: `tasks: [implement(add, (ctx, a, b) => a + b)]`, and modules of such. It tells the server what they are. */
  readonly tasks: readonly (Implementation | TaskModule)[];
  /**
   * `http://host:port`, `https://host:port`, or `host:port`. Several servers of one store: `a:7836,b:7836`, or a list; the worker is
   * connected to one of them, and goes on at another where that one is away. Default http://127.0.0.1:7836, with `tls` https.
   */
  readonly url?: ServerUrl;
  /** How to choose among several servers. */
  readonly failover?: FailoverOptions;
  /** Who it is, for a server that asks: the server's token for it. Never logged, and in no error. */
  readonly token?: TokenSource;
  /** Which certificates to trust, and which to show. Not needed for a server whose certificate this machine trusts. */
  readonly tls?: TlsOptions;
  /** Opens each connection, in place of a socket to `url`: `server.dial` of a server of @stem/server in this process. */
  readonly dial?: Dial;
  /** The namespace of its queues. Default: the server's, "default". */
  readonly namespace?: string;
  /**
   * The queues it serves, 1 to 1,000. Names alone: among these, tasks come by priority, then by age. With a mode: see QueueSubscription.
   * Default: those that its tasks' definitions name, and "default" where one names none.
   */
  readonly queues?: readonly (string | QueueSubscription)[];
  /**
   * The broadcast channels it listens to, at most 1,000. A listener is known by its `name`, which it must then have, and keep over
   * restarts: under another name it would get again what it has had. Default none.
   */
  readonly channels?: readonly string[];
  /** What it is like, for tasks that ask for it and for people: `{ region: "eu" }`. At most 32. Default none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** How many handlers run at once, 1 to 10,000. Default 10. */
  readonly concurrency?: number;
  /**
   * How many tasks may at most wait here, leased, for a slot. The worker takes no more of them than it starts within 40 ms, so long
   * tasks are never hoarded; 0: none at all. Default 1,000.
   */
  readonly prefetchMax?: number;
  /** Names it for people, at most 255 printable characters without spaces. Default: host name and process id. */
  readonly name?: string;
  /** How long a warm stop lets handlers go on before it asks them to stop. Default: as long as they take. */
  readonly graceMs?: number;
  /** How long a soft stop, which asks at once, lets them go on. Default 30 s. */
  readonly softGraceMs?: number;
  /**
   * How long a handler may go on after its signal aborted, but for a soft stop. In a thread or child process it is then ended by force, if its lease is lost
   * sooner; in the worker's own process its outcome is settled over its head. Default 5 s.
   */
  readonly abortGraceMs?: number;
  /** Lets the number of slots follow what there is to do, between bounds; `{}` for the defaults. Default: always `concurrency`. */
  readonly autoscale?: AutoscaleOptions;
  /** What stands around every handler; the first is the outermost. */
  readonly middleware?: readonly Middleware[];
  /** When threads and child processes are replaced by new ones. Default: when they have been idle for 30 s. */
  readonly recycle?: RecycleOptions;
  /** `run()` stops the worker on SIGTERM (warm), SIGINT (soft), SIGQUIT (hard), and hard on a second one. Default true. */
  readonly handleSignals?: boolean;
  /**
   * Where to say what operators should know, such as a pino logger; `ctx.log` is a child of it. Default: warnings and errors on standard
   * error. Another one that says nothing: `{ debug() {}, info() {}, warn() {}, error() {} }`.
   */
  readonly log?: Logger;
  /**
   * How long to wait after attempt `attempt` failed, in milliseconds; undefined: by the task's retry policy, as without this. Not asked
   * where the handler said when itself, or that trying again cannot help.
   */
  readonly backoff?: OwnBackoff;
  /**
   * From which level on lines of `ctx.log` are kept with their task, for whoever reads its output; false: none. Default "info".
   */
  readonly keepLog?: KeptLevel;
  /** What `ctx.enqueue` goes through. Default: a client of the same server and namespace, made when first needed. */
  readonly client?: StemClient;
  /** What leases and time limits go by. Default: the machine's monotonic clock. Tests hand in one that they move on themselves. */
  readonly clock?: Clock;
};

/**
 * A queue, and how its tasks come beside those of the worker's others. `strict`: before everything that is listed later, after everything
 * that is listed earlier. `weighted`: by its `weight` (1 to 1,000, default 1) among all weighted ones, whatever the priorities. Without a
 * mode: by priority, then by age, among all without one. Those of a mode stand together where the first of them is listed.
 */
export type QueueSubscription =
  | { readonly name: string; readonly mode?: "strict"; readonly weight?: undefined }
  | { readonly name: string; readonly mode: "weighted"; readonly weight?: number };
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
  /** Where its servers are, for its log. */
  readonly url: string;
  readonly clientOptions: ClientOptions;
  readonly namespace: string | undefined;
  readonly queues: readonly QueueSubscription[];
  readonly channels: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly prefetchMax: number;
  readonly name: string;
  readonly graceMs: number;
  readonly softGraceMs: number;
  readonly abortGraceMs: number;
  readonly autoscale: ScaleRule | undefined;
  readonly middleware: readonly Middleware[];
  readonly recycle: RecycleRule & { readonly idleMs: number };
  readonly handleSignals: boolean;
  readonly log: Logger;
  readonly keepLog: KeptLevel;
  readonly backoff: OwnBackoff | undefined;
};

const concurrencyMax = 10_000;

/** Fills in the defaults; throws a RangeError that names the option. */
export function settingsOf(options: WorkerOptions): WorkerSettings {
  const { concurrency = 10, prefetchMax = 1000, graceMs = Number.POSITIVE_INFINITY } = options;
  const implementations = implementationsOf(options.tasks);
  const queues = options.queues ?? queuesOf(implementations);
  if (!isCount(concurrency, 1))
    wrong("concurrency", `a whole number from 1 to ${concurrencyMax}`, concurrency);
  if (!isCount(prefetchMax, 0))
    wrong("prefetchMax", `a whole number from 0 to ${concurrencyMax}`, prefetchMax);
  for (const { task, batch } of implementations)
    if (batch !== undefined && batch.sizeMax > concurrency)
      wrong("concurrency", `at least ${batch.sizeMax}, the size of a batch of ${task.name}`, concurrency);
  if (!(graceMs >= 0)) wrong("graceMs", "a number of milliseconds, 0 or more", graceMs);
  const { softGraceMs = 30_000, abortGraceMs = 5000, recycle = {} } = options;
  if (!(softGraceMs >= 0)) wrong("softGraceMs", "a number of milliseconds, 0 or more", softGraceMs);
  if (!(abortGraceMs >= 0)) wrong("abortGraceMs", "a number of milliseconds, 0 or more", abortGraceMs);
  if (queues.length === 0) wrong("queues", "at least one name", "[]");
  const { channels = [] } = options;
  if (channels.length > 0 && options.name === undefined)
    wrong("name", "a name that the worker keeps over restarts, where there are channels", undefined);
  const { namespace, log = createStderrLog((line) => process.stderr.write(line)) } = options;
  return {
    url: reachOf(options, silentLogger).join(","),
    clientOptions: { ...given(options), log },
    namespace,
    queues: queues.map((queue) => (typeof queue === "string" ? { name: queue } : queue)),
    channels,
    labels: options.labels ?? {},
    concurrency,
    prefetchMax,
    name: options.name ?? defaultName(hostname(), process.pid),
    graceMs,
    softGraceMs,
    abortGraceMs,
    autoscale: options.autoscale && scaleRuleOf(options.autoscale, concurrency),
    middleware: options.middleware ?? [],
    recycle: recycleOf(recycle),
    handleSignals: options.handleSignals ?? true,
    log,
    keepLog: keptLevelOf(options.keepLog),
    backoff: options.backoff,
  };
}

const keptLevels: readonly unknown[] = ["debug", "info", "warn", "error", false];

function keptLevelOf(keepLog: KeptLevel = "info"): KeptLevel {
  if (!keptLevels.includes(keepLog)) wrong("keepLog", "debug, info, warn, error or false", keepLog);
  return keepLog;
}

/** What the worker's own client takes over from it. */
function given({ url, dial, namespace, failover, token, tls }: WorkerOptions): ClientOptions {
  return {
    ...(failover !== undefined && { failover }),
    ...(url !== undefined && { url }),
    ...(dial !== undefined && { dial }),
    ...(token !== undefined && { token }),
    ...(tls !== undefined && { tls }),
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
