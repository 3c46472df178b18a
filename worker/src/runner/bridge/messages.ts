import type { KeptLevel } from "../../kept-log.ts";
import type { CrossedError } from "./crossing-errors.ts";

/** From whoever asks: `abandon` takes a question back. */
export type Question =
  | { readonly kind: "tell"; readonly call: string; readonly args: readonly unknown[] }
  | { readonly kind: "ask"; readonly id: number; readonly call: string; readonly args: readonly unknown[] }
  | { readonly kind: "abandon"; readonly id: number };

/** From whoever answers: any number of events, then one answer or refusal. */
export type Answer =
  | { readonly kind: "event"; readonly id: number; readonly value: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly error: CrossedError };

/** What a host is to run. It knows nothing of the lease but what the handler may see: the token stays with the worker. */
export type HostRequest = {
  /** The module's URL. */
  readonly module: string;
  /** A Grant, encoded. */
  readonly grant: Uint8Array;
  readonly resultBytesMax: number;
  readonly keepLog: KeptLevel;
  readonly recycle: RecycleRule;
};

/** When a thread or child process is replaced after an attempt; undefined: for no such reason. */
export type RecycleRule = {
  readonly afterTasks: number | undefined;
  readonly memoryBytesMax: number | undefined;
};

/** Why a host is replaced: it ran that many attempts, has grown beyond its bound, or could not load a module. */
export type RetireReason = "tasks" | "memory" | "load";

/** What a worker says to a host. `warn`: the attempt has come to its soft time limit. */
export type ToHost =
  | { readonly kind: "stop"; readonly error: CrossedError }
  | { readonly kind: "warn" }
  | Answer;

/** What a host says. `started`: the module is loaded, the handler begins. `ended`: how, as a Settlement, encoded. */
export type FromHost =
  | { readonly kind: "started" }
  | {
      readonly kind: "ended";
      readonly settlement: Uint8Array;
      readonly retire: RetireReason | undefined;
      /** What it holds now, for itself alone. */
      readonly memoryBytes: number;
    }
  | Question;
