import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CancelTimer, Clock } from "@stem/sdk/internal";
import { unpackError } from "./bridge/crossing-errors.ts";
import { finishedBy, type HostRequest } from "./bridge/messages.ts";
import type { FromProcess, ToProcess } from "./host/process-entry.ts";
import { builtFile, type HostEvents, type HostPool, type HostRun, type HostWatch } from "./host-pool.ts";

/** How child processes are kept. */
export type ProcessesOptions = { readonly clock: Clock; readonly idleMs: number; readonly watch: HostWatch };

/** Runs attempts in child processes. They come when needed, one for each attempt or batch under way, and go when they idle. */
export function createProcessPool(options: ProcessesOptions): HostPool {
  const idle: Host[] = [];
  const all = new Set<Host>();
  const spawn = (): Host => {
    const host: Host = new Host(options, {
      onFree: () => idle.push(host),
      onGone() {
        all.delete(host);
        const place = idle.indexOf(host);
        if (place >= 0) idle.splice(place, 1);
      },
    });
    all.add(host);
    return host;
  };
  return {
    start: (request, events) => (idle.pop() ?? spawn()).start(request, events),
    async close() {
      await Promise.all([...all].map((host) => host.end()));
    },
  };
}

type HostPlace = { readonly onFree: () => void; readonly onGone: () => void };

class Host {
  readonly #options: ProcessesOptions;
  readonly #place: HostPlace;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #events: HostEvents | undefined;
  #number = 0;
  #lastWords: unknown;
  #cancelIdle: CancelTimer | undefined;

  constructor(options: ProcessesOptions, place: HostPlace) {
    this.#options = options;
    this.#place = place;
    this.#child = fork(fileURLToPath(builtFile("./host/process-entry.ts", import.meta.url)), {
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#exited = once(this.#child, "exit").catch(() => undefined);
    this.#child.on("message", (message: FromProcess) => this.#receive(message));
    this.#child.once("exit", (code, signal) => this.#gone(goneError(code, signal)));
    // It could not be started: there is no exit to come.
    this.#child.once("error", (error) => this.#child.pid === undefined && this.#gone(error));
    if (this.#child.pid !== undefined) options.watch.onInit(this.#name);
  }

  get #name() {
    return { runner: "process" as const, id: this.#child.pid ?? 0 };
  }

  start(request: HostRequest, events: HostEvents): HostRun {
    this.#cancelIdle?.();
    this.#events = events;
    this.#number += 1;
    const number = this.#number;
    this.#child.ref();
    this.#child.channel?.ref();
    this.#send({ kind: "run", number, request });
    return {
      post: (message) => this.#send({ kind: "say", number, message }),
      kill: () => {
        if (number === this.#number && this.#events !== undefined) this.#child.kill("SIGKILL");
      },
    };
  }

  /** Ends the process; resolves when it is gone. */
  async end(): Promise<void> {
    this.#cancelIdle?.();
    if (this.#child.pid === undefined) return;
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #send(message: ToProcess): void {
    // One that is gone answers by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #receive(message: FromProcess): void {
    if (message.kind === "crashed") {
      this.#lastWords = unpackError(message.error);
      return;
    }
    const said = message.message;
    const events = this.#events;
    if (events === undefined || message.number !== this.#number) return;
    const finished = finishedBy(said);
    if (finished !== undefined) this.#events = undefined;
    events.onMessage(said);
    if (finished === undefined) return;
    if (finished.retire === undefined) this.#free();
    else void this.end();
  }

  #free(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    this.#cancelIdle = this.#options.clock.after(this.#options.idleMs, () => void this.end());
    this.#place.onFree();
  }

  #gone(error: unknown): void {
    this.#cancelIdle?.();
    this.#place.onGone();
    if (this.#child.pid !== undefined) this.#options.watch.onShutdown(this.#name);
    this.#events?.onGone(this.#lastWords ?? error);
    this.#events = undefined;
  }
}

const goneError = (code: number | null, signal: NodeJS.Signals | null): Error =>
  new Error(`the child process ended: ${signal ?? `exit code ${code}`}`);
