// Whoever compiles against us may have an older library than AsyncDisposable.
/// <reference lib="esnext.disposable" preserve="true" />

import { AwaitPool } from "./await-pool.ts";
import type { Broadcaster } from "./broadcast.ts";
import { type Clock, createSystemClock, type Random, systemRandom } from "./clock.ts";
import type { ArgsShape, TaskDefinition } from "./define-task.ts";
import { BatchingEnqueuer, type Enqueuer } from "./enqueue.ts";
import { type ClientFacades, createFacades, type FacadeDeps, type Facades } from "./facades.ts";
import { createServers, type ServerAccess } from "./failover/servers.ts";
import { Handle, type HandleDeps, type TaskHandle } from "./handle.ts";
import { type Logger, silentLogger } from "./log.ts";
import { createPublisher, type Publish } from "./publisher.ts";
import { createRetries, type Retries, type RetryDeps, type RetryPolicy, retried } from "./retry.ts";
import { createTaskCalls, type TaskCalls, type TaskTransports } from "./task-calls.ts";
import { ClientClosedError } from "./task-errors.ts";
import { waitForEnd } from "./wait.ts";
import { watchOutput } from "./watch-output.ts";

/** How to reach a server, and how to behave when it is away. */
export type ClientOptions = ServerAccess & {
  /** The namespace of everything this client does. Default: the server's, "default". */
  readonly namespace?: string;
  /** Where to say what operators should know. Default: nowhere. */
  readonly log?: Logger;
  /** How calls are repeated whose outcome is unknown, always with the same task ids; false: not at all. Default: for 60 s. */
  readonly publishRetry?: RetryPolicy | false;
};

/** A producer's connection to a server: enqueues tasks, and waits for their results. Safe to share; one per process is enough. */
export interface StemClient extends Enqueuer, Broadcaster, Facades, AsyncDisposable {
  /** A handle on a task that was enqueued elsewhere, or earlier. Asks nothing of the server yet. */
  handle<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    id: string,
  ): TaskHandle<Result>;
  /**
   * Lets enqueues that are under way have their answer (at most 30 s; nothing is repeated any more), ends all waits with
   * ClientClosedError, releases the locks that it holds, and closes the connections. Leaves nothing that keeps the process alive.
   */
  close(): Promise<void>;
}

/**
 * Makes a client: `connect()`, `connect("127.0.0.1:7836")`, `connect("a:7836,b:7836")` or `connect({ url, namespace, log })`. Connects with
 * its first call.
 */
export function connect(target: string | ClientOptions = {}): StemClient {
  const options = typeof target === "string" ? { url: target } : target;
  const { url, dial, failover, token, tls, log = silentLogger } = options;
  const servers = createServers({ url, dial, failover, token, tls, log });
  const transports = { calls: servers.open().transport, waits: servers.open().transport };
  return createClient({ ...transports, moves: servers.moves }, { ...options, onClose: servers.close });
}

/** What a client is made of besides its transports; tests bring their own clock and chance. */
export type ClientParts = Omit<ClientOptions, keyof ServerAccess> & {
  readonly onClose?: () => void;
  readonly clock?: Clock;
  readonly random?: Random;
};

/** What a client enqueues, submits and asks by, for a runner that does so on behalf of another thread or process. */
export type ClientGate = {
  readonly publish: Publish;
  readonly handles: HandleDeps;
  readonly canvases: ClientFacades["canvasCalls"];
};

const gates = new WeakMap<StemClient, ClientGate>();

/** The gate of a client that `connect` made; undefined for any other. */
export const gateOf = (client: StemClient): ClientGate | undefined => gates.get(client);

/** Makes a client over given transports. */
export function createClient(transports: TaskTransports, parts: ClientParts = {}): StemClient {
  const { clock = createSystemClock() } = parts;
  const { namespace } = parts;
  return new Client(createTaskCalls(transports, namespace, clock), {
    log: silentLogger,
    publishRetry: {},
    onClose: () => undefined,
    random: systemRandom,
    ...parts,
    clock,
    transport: transports.calls,
    waits: transports.waits,
    hasOther: transports.moves?.hasOther,
    namespace,
  });
}

type AllParts = Required<Omit<ClientParts, "namespace">> &
  Pick<FacadeDeps, "transport" | "waits" | "namespace"> &
  Pick<RetryDeps, "hasOther">;

class Client implements StemClient {
  readonly #closing = new AbortController();
  readonly #pool: AwaitPool;
  readonly #handles: HandleDeps;
  readonly #enqueuer: BatchingEnqueuer;
  readonly #onClose: () => void;
  readonly #end: () => void;
  #closed: Promise<void> | undefined;
  readonly enqueue: Enqueuer["enqueue"];
  readonly enqueueMany: Enqueuer["enqueueMany"];
  readonly submit: Facades["submit"];
  readonly batch: Facades["batch"];
  readonly canvas: Facades["canvas"];
  readonly broadcast: Broadcaster["broadcast"];
  readonly tasks: Facades["tasks"];
  readonly canvases: Facades["canvases"];
  readonly deadLetters: Facades["deadLetters"];
  readonly queues: Facades["queues"];
  readonly limits: Facades["limits"];
  readonly routing: Facades["routing"];
  readonly definitions: Facades["definitions"];
  readonly uniqueClaims: Facades["uniqueClaims"];
  readonly control: Facades["control"];
  readonly namespaces: Facades["namespaces"];
  readonly queueEvents: Facades["queueEvents"];
  readonly schedules: Facades["schedules"];
  readonly locks: ReturnType<typeof createFacades>["locks"];

  constructor(calls: TaskCalls, parts: AllParts) {
    const { clock, random, log } = parts;
    const closing = this.#closing.signal;
    const retries = createRetries(parts.publishRetry, { ...parts, closing });
    this.#onClose = parts.onClose;
    this.#end = calls.end;
    this.#pool = new AwaitPool({ open: calls.open, clock, random, log });
    this.#handles = {
      waitForEnd: (taskId, options) => waitForEnd(this.#pool, clock, taskId, options),
      read: (taskId) => this.#call(retries, () => calls.read(taskId)),
      cancel: (taskId, request) => this.#call(retries, () => calls.cancel(taskId, request)),
      output: (taskId, wish) => watchOutput(calls.openOutput, { ...parts, closing }, taskId, wish),
      explain: (taskId) => this.#call(retries, () => calls.explain(taskId)),
    };
    const facades = createFacades({ ...parts, retries, closing, call: (run) => this.#call(retries, run) });
    this.submit = facades.submit;
    this.batch = facades.batch;
    this.canvas = facades.canvas;
    this.locks = facades.locks;
    this.tasks = facades.tasks;
    this.canvases = facades.canvases;
    this.deadLetters = facades.deadLetters;
    this.queues = facades.queues;
    this.limits = facades.limits;
    this.routing = facades.routing;
    this.definitions = facades.definitions;
    this.uniqueClaims = facades.uniqueClaims;
    this.control = facades.control;
    this.namespaces = facades.namespaces;
    this.queueEvents = facades.queueEvents;
    this.schedules = facades.schedules;
    const publish = createPublisher(calls.send, retries);
    this.#enqueuer = new BatchingEnqueuer(publish, this.#handles, closing);
    gates.set(this, {
      async publish(tasks, atomic) {
        if (closing.aborted) throw new ClientClosedError();
        return publish(tasks, atomic);
      },
      handles: this.#handles,
      canvases: facades.canvasCalls,
    });
    this.enqueue = (task, ...rest) => this.#enqueuer.enqueue(task, ...rest);
    this.enqueueMany = (list, options) => this.#enqueuer.enqueueMany(list, options);
    this.broadcast = calls.broadcasterOf((call) => this.#call(retries, call));
  }

  handle<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    id: string,
  ): TaskHandle<Result> {
    return new Handle<Result>(this.#handles, task, id);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#pool.close();
    await Promise.all([this.#enqueuer.idle(), this.locks.close()]);
    this.#end();
    this.#onClose();
  }

  async #call<T>(retries: Retries, call: () => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) throw new ClientClosedError();
    return retried(retries, call);
  }
}
