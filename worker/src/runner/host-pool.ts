import type { FromHost, HostRequest, ToHost } from "./bridge/messages.ts";

/** Threads or child processes, each running one attempt or one batch at a time. */
export interface HostPool {
  /** Gives what a request says to an idle host, or to a new one. */
  start(request: HostRequest, events: HostEvents): HostRun;
  /** Ends all hosts; resolves when they are gone. */
  close(): Promise<void>;
}

/** What the worker hears of a host. */
export type HostEvents = {
  readonly onMessage: (message: FromHost) => void;
  /** The host is gone before all of the request ended, by `kill` or by itself. */
  readonly onGone: (error: unknown) => void;
};

/** What runs in a host. */
export type HostRun = {
  readonly post: (message: ToHost) => void;
  /** Ends the host, whatever it does. `onGone` follows when it is gone. */
  readonly kill: () => void;
};

/** What pools tell of the hosts that come and go. */
export type HostWatch = {
  readonly onInit: (host: HostName) => void;
  readonly onShutdown: (host: HostName) => void;
};

/** Names a host for people: a thread's or a process's id. */
export type HostName = { readonly runner: "thread" | "process"; readonly id: number };

/** What tells a file of ours beside this one: a source is run as it is, what tsc built of it lies beside what it built of this file. */
export function builtFile(file: string, from: string): URL {
  return new URL(from.endsWith(".ts") ? file : file.replace(/\.ts$/, ".js"), from);
}
