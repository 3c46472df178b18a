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
  /** A Grant, encoded, for each attempt: one, or a batch of one task. */
  readonly grants: readonly Uint8Array[];
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

/** What a worker says to an attempt in a host. `warn`: it has come to its soft time limit. */
export type AttemptToHost =
  | { readonly kind: "stop"; readonly error: CrossedError }
  | { readonly kind: "warn" }
  | Answer;

/** What an attempt in a host says. `ended`: how, as a Settlement, encoded. */
export type AttemptFromHost = { readonly kind: "ended"; readonly settlement: Uint8Array } | Question;

/** Which of the attempts that run in a host it is about, by its place in the request. */
type About = { readonly at: number };

/** What a worker says to a host. */
export type ToHost = AttemptToHost & About;

/** What a host says. `started`: the module is loaded, the handler begins. */
export type FromHost =
  | { readonly kind: "started" }
  | (AttemptFromHost & About & { readonly finished?: Finished });

/** What a host says with the end of the last of its attempts: it could run others. */
export type Finished = {
  readonly retire: RetireReason | undefined;
  /** What it holds now, for itself alone. */
  readonly memoryBytes: number;
};

/** What a host says with the end of the last of its attempts; undefined: it says something else. */
export const finishedBy = (message: FromHost): Finished | undefined =>
  message.kind === "ended" ? message.finished : undefined;
