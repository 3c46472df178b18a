// Whoever compiles against us may have an older library than AsyncDisposable.
/// <reference lib="esnext.disposable" preserve="true" />

import type { Duplex } from "node:stream";
import { type ConfigInput, createConfig } from "./config/config.ts";
import { connectionPair } from "./lib/connection-pair.ts";
import { keepAlive } from "./lib/keep-alive.ts";
import { type Address, type AssembledServer, assembleServer, type Parts, urlOf } from "./main.ts";
import type { Instant } from "./model/ids.ts";
import type { Store } from "./ports/store.ts";

/** What a server inside a program needs to know. Only `store` has no default. */
export type ServerOptions = Pick<ConfigInput, "server" | "defaults" | "limits" | "tls" | "tokens"> & {
  /**
   * Where tasks are kept: `"memory:"`, `"sqlite:PATH"`, `"postgres://HOST/DATABASE"`, `"redis://HOST"`, the same with a durability, or a
   * store that is open already and is closed with the server. A file has one server; a Postgres or a Redis may have several.
   */
  readonly store: string | NonNullable<ConfigInput["store"]> | Store;
  /** The port to listen on: `{ port: 7836 }`, or 0 for a free one, on 127.0.0.1 unless `host` says otherwise. Default: none at all. */
  readonly listen?: ConfigInput["listen"];
  /** Where to say what operators should know, such as a pino logger. Default: warnings and errors on standard output. */
  readonly log?: ServerLog;
  /** What time it is. Default: the machine's clock. Tests hand in one that they move on themselves. */
  readonly clock?: ServerClock;
};

/** Shaped so that a pino logger is one. */
export type ServerLog = Parts["log"];

/** Epoch milliseconds that never run backwards, and a way to be called later. */
export type ServerClock = {
  now(): number;
  /** Calls `run` once after at least `delayMs`, unless what it answers is called first. */
  after(delayMs: number, run: () => void): () => void;
};

/** A server inside this program. Any number of them may run side by side, each with a store of its own, or on one Postgres or Redis. */
export interface Server extends AsyncDisposable {
  /**
   * Opens the store and, if asked for, the port; resolves when clients may call. Throws StartError when one of them is not to be had, and
   * ConfigError when a file that the options name cannot be used. Idempotent; a server that was closed does not start again.
   */
  start(): Promise<void>;
  /** Where it listens; undefined while it does not. */
  readonly address: Address | undefined;
  /** The same for clients, such as `http://127.0.0.1:7836`. */
  readonly url: string | undefined;
  /**
   * A connection to it without a port: `connect({ dial: server.dial })`, `createWorker({ dial: server.dial, … })`. While the server does
   * not run the connection is refused, as a port would refuse it.
   */
  readonly dial: () => Duplex;
  /** Resolves when the store can no longer be trusted: the server has to be closed, and this says why. */
  readonly storeLost: Promise<Error>;
  /** Stops gently: grants nothing more, takes settlements until all work is back or `server.drainMs` are over, then closes. */
  drain(): Promise<void>;
  /** Stops now. Leases stay in the store, and workers come back with them. Idempotent. */
  close(): Promise<void>;
}

/** Makes a server for this program: `const server = createServer({ store: "sqlite:tasks.db" }); await server.start()`. */
export function createServer(options: ServerOptions): Server {
  return new EmbeddedServer(options);
}

class EmbeddedServer implements Server {
  readonly #options: ServerOptions;
  readonly #config: ReturnType<typeof createConfig>;
  readonly #storeLost = Promise.withResolvers<Error>();
  #starting: Promise<void> | undefined;
  #running: AssembledServer | undefined;
  #address: Address | undefined;
  #closing: Promise<void> | undefined;
  #letGo: (() => void) | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    // Here, so that a mistake is thrown where it was made.
    this.#config = createConfig(configInputOf(options));
  }

  get address(): Address | undefined {
    return this.#address;
  }

  get url(): string | undefined {
    return this.#address && urlOf(this.#address, this.#config);
  }

  get storeLost(): Promise<Error> {
    return this.#storeLost.promise;
  }

  readonly dial = (): Duplex => {
    const [ours, theirs] = connectionPair();
    if (this.#running) this.#running.inject(theirs);
    else theirs.destroy();
    return ours;
  };

  start(): Promise<void> {
    if (this.#closing !== undefined)
      return Promise.reject(new Error("the server was closed and does not start again"));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  drain(): Promise<void> {
    return this.#end((server) => server.drain());
  }

  close(): Promise<void> {
    // A drain under way is cut short: what it waits for is closed.
    if (this.#closing !== undefined && this.#running) return this.#running.close().then(() => this.#closing);
    return this.#end((server) => server.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const server = await assembleServer(this.#config, partsOf(this.#options));
    try {
      if (this.#options.listen) this.#address = await server.listen();
    } catch (error) {
      await server.close();
      throw error;
    }
    this.#running = server;
    this.#letGo = keepAlive();
    void server.storeLost.then((error) => this.#storeLost.resolve(error));
  }

  #end(stop: (server: AssembledServer) => Promise<void>): Promise<void> {
    this.#closing ??= this.#stop(stop);
    return this.#closing;
  }

  async #stop(stop: (server: AssembledServer) => Promise<void>): Promise<void> {
    // A start that failed has told its caller.
    await this.#starting?.catch(() => undefined);
    if (this.#running) await stop(this.#running);
    this.#address = undefined;
    this.#letGo?.();
  }
}

const isStore = (store: ServerOptions["store"]): store is Store =>
  typeof store === "object" && "accept" in store;

function configInputOf(options: ServerOptions): ConfigInput {
  const { store, listen, server, defaults, limits, tls, tokens } = options;
  return {
    ...(tls && { tls }),
    ...(tokens && { tokens }),
    ...(listen && { listen }),
    ...(server && { server }),
    ...(defaults && { defaults }),
    ...(limits && { limits }),
    ...(!isStore(store) && { store: typeof store === "string" ? { url: store } : store }),
    log: { level: "warn" },
  };
}

function partsOf({ store, log, clock }: ServerOptions): Partial<Parts> {
  return {
    ...(isStore(store) && { store }),
    ...(log && { log }),
    ...(clock && { clock: { now: () => clock.now() as Instant, after: (ms, run) => clock.after(ms, run) } }),
  };
}
