// Whoever compiles against us may have an older library than AsyncDisposable.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Transport } from "@connectrpc/connect";
import { connect, type StemClient } from "@stem/sdk";
import {
  baseUrlOf,
  type Clock,
  createSystemClock,
  openChannel,
  type Random,
  systemRandom,
} from "@stem/sdk/internal";
import { drain } from "./drain.ts";
import { createEngine, type Engine } from "./engine.ts";
import { createRegistry } from "./registry.ts";
import { onStopSignals } from "./signals.ts";
import { implementationsOf } from "./task-module.ts";
import { settingsOf, type WorkerOptions, type WorkerSettings } from "./worker-options.ts";

/** Leases tasks and runs them, until it is stopped. */
export interface Worker extends AsyncDisposable {
  /** Names it for people. */
  readonly name: string;
  /** Connects; resolves when the server has welcomed it, rejects with StemProblem when it never will. Tries for as long as it takes. */
  start(): Promise<void>;
  /**
   * Takes nothing more, gives back what has not begun, lets handlers end for the grace (then aborts them), hands in what they settled,
   * and closes. Again with a shorter grace: hurries.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Starts, and resolves when it has been stopped: by `stop()`, or by SIGTERM or SIGINT unless `handleSignals` is false. */
  run(): Promise<void>;
}

/** How to stop. */
export type StopOptions = {
  /** How long handlers may go on. Default: the worker's `graceMs`. */
  readonly graceMs?: number;
};

/** Makes a worker: `await createWorker({ tasks: [implement(add, (ctx, a, b) => a + b)] }).run()`. */
export function createWorker(options: WorkerOptions): Worker {
  const settings = settingsOf(options);
  const channel = openChannel(baseUrlOf(settings.url), options.dial);
  const { clock } = options;
  const parts = { transport: channel.transport, onClose: () => channel.close(), ...(clock && { clock }) };
  return assembleWorker(options, settings, parts);
}

/** What a worker gets from outside besides its options; tests bring their own. */
export type WorkerParts = {
  readonly transport: Transport;
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
  const engine = createEngine({
    settings,
    registry: createRegistry(implementationsOf(options.tasks)),
    transport: parts.transport,
    client,
    clock,
    random: parts.random ?? systemRandom,
  });
  return new StreamWorker(engine, settings, clock, async () => {
    parts.onClose?.();
    await ownClient?.close();
  });
}

class StreamWorker implements Worker {
  readonly #engine: Engine;
  readonly #settings: WorkerSettings;
  readonly #clock: Clock;
  readonly #onClose: () => Promise<void>;
  readonly #hurry = new AbortController();
  #stopped: Promise<void> | undefined;
  readonly #ended = Promise.withResolvers<void>();

  constructor(engine: Engine, settings: WorkerSettings, clock: Clock, onClose: () => Promise<void>) {
    this.#engine = engine;
    this.#settings = settings;
    this.#clock = clock;
    this.#onClose = onClose;
    engine.control.shutdown = (graceMs) => this.#shutDown(graceMs);
  }

  get name(): string {
    return this.#settings.name;
  }

  start(): Promise<void> {
    return this.#engine.streams.link.start();
  }

  stop({ graceMs = this.#settings.graceMs }: StopOptions = {}): Promise<void> {
    if (this.#stopped && graceMs < this.#settings.graceMs) this.#hurry.abort();
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async run(): Promise<void> {
    const onSignal = (before: number): void => {
      void this.stop(before === 0 ? {} : { graceMs: 0 });
    };
    const restore = this.#settings.handleSignals ? onStopSignals(onSignal) : undefined;
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
  #shutDown(graceMs = this.#settings.graceMs): boolean {
    const isFirst = this.#stopped === undefined;
    this.stop({ graceMs }).catch((error: unknown) =>
      this.#settings.log.error({ err: error }, "could not end in order"),
    );
    return isFirst;
  }

  async #stop(graceMs: number): Promise<void> {
    const { streams, slots, deadlines, closeRunners } = this.#engine;
    const { abortGraceMs } = this.#settings;
    this.#settings.log.info({ running: slots.running.size }, "stopping");
    const parts = { ...streams, slots, clock: this.#clock, abortGraceMs, hurry: this.#hurry.signal };
    await drain(parts, graceMs);
    deadlines.close();
    await closeRunners();
    await this.#onClose();
    this.#ended.resolve();
  }
}
