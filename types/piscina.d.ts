// What the worker uses of piscina. Its own declarations do not compile under exactOptionalPropertyTypes, and we check our libraries'.
import type { EventEmitter } from "node:events";
import type { Transferable } from "node:worker_threads";

export type PiscinaOptions = {
  readonly filename: string;
  readonly name: string;
  readonly minThreads: number;
  readonly maxThreads: number;
  readonly idleTimeout: number;
  readonly atomics: "sync" | "async" | "disabled";
  readonly recordTiming: boolean;
};

export class Piscina extends EventEmitter {
  constructor(options: PiscinaOptions);
  run(
    job: unknown,
    options: { readonly transferList: readonly Transferable[]; readonly signal: AbortSignal },
  ): Promise<unknown>;
  destroy(): Promise<void>;
}
