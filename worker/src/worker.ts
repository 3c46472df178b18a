// Whoever compiles against us may have an older library than AsyncDisposable.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Transport } from "@connectrpc/connect";
import { connect, type StemClient } from "@stem/sdk";
import {
  type Clock,
  createServers,
  createSystemClock,
  type Random,
  type ServerMoves,
  systemRandom,
} from "@stem/sdk/internal";
import { drain } from "./drain.ts";
import { createEngine, type Engine } from "./engine.ts";
import { EventHub, type Listener, type ListenOptions, type WorkerEventName } from "./events.ts";
import { createRegistry } from "./registry.ts";
import { onStopSignals } from "./signals.ts";
import type { WorkerStats } from "./stats.ts";
import { type StopMode, type StopOptions, Stopping } from "./stopping.ts";
import { implementationsOf } from "./task-module.ts";
import { settingsOf, type WorkerOptions, type WorkerSettings } from "./worker-options.ts";

/** Leases tasks and runs them, until it is stopped. */
export interface Worker extends AsyncDisposable {
  /** Names it for people. */
  readonly name: string;
  /** Connects; resolves when the server has welcomed it, rejects with StemProblem when it never will. Tries for as long as it takes. */
  start(): Promise<void>;
  /**
   * Takes nothing more, gives back what has not begun, lets handlers end as the mode says, gives back what is unfinished, hands in what was
   * settled, and closes. Again with a harder mode, or a shorter grace: hurries.
   */
  stop(options?: StopOptions): Promise<void>;
  /**
   * Listens to what happens here: `worker.on("task-failed", ({ task, failure }) => …)`. The answer ends it. Listeners are called in order
   * and not waited for; their errors are logged.
   */
  on<Name extends WorkerEventName>(
    name: Name,
    listener: Listener<Name>,
    options?: ListenOptions<Name>,
  ): () => void;
  /** How it is doing. */
  stats(): WorkerStats;
  /**
   * Starts, and resolves when it has been stopped: by `stop()`, or, unless `handleSignals` is false, by SIGTERM (warm), SIGINT (soft),
   * SIGQUIT (hard), or any second one (hard).
   */
  run(): Promise<void>;
}

/** Makes a worker: `await createWorker({ tasks: [implement(add, (ctx, a, b) => a + b)] }).run()`. */
export function createWorker(options: WorkerOptions): Worker {
  const settings = settingsOf(options);
  const { clock, dial, failover, token, tls } = options;
  const servers = createServers({ url: options.url, dial, failover, token, tls, log: settings.log, clock });
  const { transport } = servers.open();
  const parts = { transport, moves: servers.moves, onClose: servers.close, ...(clock && { clock }) };
  return assembleWorker(options, settings, parts);
}

/** What a worker gets from outside besides its options; tests bring their own. */
export type WorkerParts = {
  readonly transport: Transport;
  /** What is told of the servers, where there are several. */
  readonly moves?: ServerMoves | undefined;
  readonly onClose?: () => void;
  readonly clock?: Clock;
  readonly random?: Random;
};

/** Makes a worker over a given transport. */
export function assembleWorker(options: WorkerOptions, settings: WorkerSettings, parts: WorkerParts): Worker {
  let ownClient: StemClient | undefined;
  const client = (): StemClient => {
    if (options.client) return options.client;
    ownClient ??= connect(settings.clientOptions);
    return ownClient;
  };
  const clock = parts.clock ?? createSystemClock();
  const events = new EventHub(settings.log);
  const engine = createEngine({
    settings,
    registry: createRegistry(implementationsOf(options.tasks)),
    ...{ transport: parts.transport, moves: parts.moves },
    client,
    clock,
    random: parts.random ?? systemRandom,
    events,
  });
  const onClose = async (): Promise<void> => {
    parts.onClose?.();
    await ownClient?.close();
  };
  return new StreamWorker({ engine, settings, clock, events, onClose });
}

type StreamWorkerParts = {
  readonly engine: Engine;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly events: EventHub;
  readonly onClose: () => Promise<void>;
};

class StreamWorker implements Worker {
  readonly #parts: StreamWorkerParts;
  #started: Promise<void> | undefined;
  #stopping: Stopping | undefined;
  #stopped: Promise<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();

  constructor(parts: StreamWorkerParts) {
    this.#parts = parts;
    parts.engine.control.shutdown = (options) => this.#shutDown(options);
  }

  get name(): string {
    return this.#parts.settings.name;
  }

  on<Name extends WorkerEventName>(
    name: Name,
    listener: Listener<Name>,
    options?: ListenOptions<Name>,
  ): () => void {
    return this.#parts.events.on(name, listener, options);
  }

  stats(): WorkerStats {
    return this.#parts.engine.stats();
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping?.hurry(options);
    this.#stopping ??= new Stopping(options, this.#parts.settings);
    this.#stopped ??= this.#stop(this.#stopping);
    return this.#stopped;
  }

  async run(): Promise<void> {
    const onSignal = (mode: StopMode): void => void this.stop({ mode });
    const restore = this.#parts.settings.handleSignals ? onStopSignals(onSignal) : undefined;
    try {
      await this.start().catch((error: unknown) => {
        if (this.#stopped === undefined) throw error;
      });
      await this.#ended.promise;
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      restore?.();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Begins to end by command; nobody waits for it here. */
  #shutDown(options: StopOptions): boolean {
    const isFirst = this.#stopped === undefined;
    this.stop(options).catch((error: unknown) =>
      this.#parts.settings.log.error({ err: error }, "could not end in order"),
    );
    return isFirst;
  }

  async #start(): Promise<void> {
    const { engine, events } = this.#parts;
    events.emit("worker-init", {});
    await engine.streams.link.start();
    engine.autoscaler?.start();
    events.emit("worker-ready", {});
  }

  async #stop({ mode, plan }: Stopping): Promise<void> {
    const { engine, settings, clock, events, onClose } = this.#parts;
    const { streams, slots, deadlines, runners, autoscaler } = engine;
    autoscaler?.close();
    settings.log.info({ mode, running: slots.running.size }, "stopping");
    events.emit("worker-stopping", { mode });
    await drain({ ...streams, slots, clock }, plan);
    deadlines.close();
    await runners.close();
    await onClose();
    events.emit("worker-shutdown", {});
    this.#ended.resolve();
  }
}
