// Whoever compiles against us may have an older library than AsyncDisposable.
/// <reference lib="esnext.disposable" preserve="true" />

import {
  type CallArgs,
  type CanvasSubmitter,
  connect,
  type Dial,
  type Enqueuer,
  type StemClient,
} from "@stem/sdk";
import type { StopOptions } from "./stopping.ts";
import { createWorker, type Worker } from "./worker.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** A server in this process, as `createServer` of @stem/server makes it. */
export type AppServer = {
  readonly dial: Dial;
  start(): Promise<void>;
  close(): Promise<void>;
};

/** What an app needs to know: what a worker does, and where its server is. */
export type AppOptions = Omit<WorkerOptions, "client"> & {
  /** A server to start and to close with the app, in place of `url` or `dial`. */
  readonly server?: AppServer;
};

/**
 * A program that runs what it enqueues: a client and a worker in one. Its first `enqueue`, `enqueueMany`, `submit` or `batch` starts what is not started,
 * the server first, and does not wait for the worker: what is enqueued is kept for it. Close it with `stop()`, or `await using` it.
 */
export interface App extends Enqueuer, Pick<CanvasSubmitter, "submit" | "batch">, AsyncDisposable {
  /** For all that a client can do. It starts nothing: call `start()` before, or enqueue. */
  readonly client: StemClient;
  readonly worker: Worker;
  /** Starts the server, if it has one, and the worker. Resolves when the worker is welcome; rejects with what keeps either from it. */
  start(): Promise<void>;
  /** Stops the worker as the options say, then closes the client, and the server if it has one. Idempotent; it does not start again. */
  stop(options?: StopOptions): Promise<void>;
}

/** Makes an app: `await using app = createApp({ server: createServer({ store: "sqlite:dev.db" }), tasks })`. */
export function createApp(options: AppOptions): App {
  return new WorkingApp(options);
}

class WorkingApp implements App {
  readonly client: StemClient;
  readonly worker: Worker;
  readonly #server: AppServer | undefined;
  #serving: Promise<void> | undefined;
  #working: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** Why the worker will never be welcome. */
  #failure: { readonly error: unknown } | undefined;

  constructor({ server, ...options }: AppOptions) {
    if (server && (options.url !== undefined || options.dial))
      throw new TypeError("an app has a server, or url or dial: not both");
    const dial = server ? { dial: server.dial } : {};
    const { url, namespace, log, failover, token, tls } = options;
    this.#server = server;
    this.client = connect({
      ...(url !== undefined && { url }),
      ...(failover && { failover }),
      ...(options.dial && { dial: options.dial }),
      ...(namespace !== undefined && { namespace }),
      ...(log && { log }),
      ...(token !== undefined && { token }),
      ...(tls && { tls }),
      ...dial,
    });
    this.worker = createWorker({ ...options, ...dial, client: this.client });
  }

  readonly enqueue: Enqueuer["enqueue"] = async (task, ...rest: CallArgs<never>) => {
    await this.#begin();
    return this.client.enqueue(task, ...rest);
  };

  readonly enqueueMany: Enqueuer["enqueueMany"] = async (calls, options) => {
    await this.#begin();
    return this.client.enqueueMany(calls, options);
  };

  readonly submit: CanvasSubmitter["submit"] = async (canvas, options) => {
    await this.#begin();
    return this.client.submit(canvas, options);
  };

  readonly batch: CanvasSubmitter["batch"] = async (members, options) => {
    await this.#begin();
    return this.client.batch(members, options);
  };

  async start(): Promise<void> {
    await this.#begin();
    await this.#working;
  }

  stop(options?: StopOptions): Promise<void> {
    // Again with a harder mode: the worker is hurried.
    if (this.#stopped !== undefined) void this.worker.stop(options);
    this.#stopped ??= this.#stop(options);
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Resolves when something can be enqueued; the worker goes on starting. */
  async #begin(): Promise<void> {
    // The client has the words for it.
    if (this.#stopped !== undefined) return;
    if (this.#failure) throw this.#failure.error;
    this.#serving ??= this.#server?.start() ?? Promise.resolve();
    await this.#serving;
    if (this.#stopped !== undefined) return;
    this.#working ??= this.worker.start();
    this.#working.catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  async #stop(options: StopOptions | undefined): Promise<void> {
    await this.worker.stop(options);
    await this.client.close();
    await this.#server?.close();
  }
}
