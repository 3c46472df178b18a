import type { TerminalState } from "../../server/src/model/task.ts";

/** What something left, as nested lists of texts; a failure by its reason. */
export type Value = string | { readonly failed: string | undefined } | readonly Value[];

/** What a task was handed. `from`: the label of a task, or the id of a barrier. */
export type Handed = { readonly from: string; readonly isBarrier: boolean; readonly value: Value };

export type CauseFact = {
  readonly task: string | undefined;
  readonly state: TerminalState;
  readonly reason: string | undefined;
};

export type BarrierFact = {
  readonly state: "open" | "succeeded" | "failed" | "cancelled";
  readonly size: number;
  readonly ended: number;
  readonly unsuccessful: number;
  readonly isSealed: boolean;
  readonly cause: CauseFact | undefined;
  readonly members: readonly number[];
  /** Undefined where nobody wants to know. */
  readonly attempted: number | undefined;
  readonly value: Value;
};

export type TaskFact = { readonly input: Handed | undefined; readonly end: string | undefined };
export type CallFact = {
  readonly on: "succeeded" | "failed";
  readonly from: string;
  readonly value: Value | undefined;
};

/** All that must be there. */
export type Facts = {
  readonly tasks: ReadonlyMap<string, TaskFact>;
  readonly barriers: ReadonlyMap<string, BarrierFact>;
  /** Links of tasks, and callbacks. */
  readonly calls: ReadonlyMap<string, CallFact>;
};
