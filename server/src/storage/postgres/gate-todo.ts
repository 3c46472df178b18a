import { gatesOf, type LimitedGate } from "../../model/gatekeeper.ts";
import type { Tie } from "./ties.ts";

/** What a transaction has still to do at gates: it is done before anybody in it looks, and before it ends. */
export type Todo = {
  /** A task has become ready, and stands nowhere yet. */
  ready(tie: Tie): void;
  /** Something happened at all gates of a task. */
  touchAll(tie: Tie): void;
  touch(gate: LimitedGate): void;
  /** A task is ready no more. */
  leave(tie: Tie): void;
  /** A task has ended, and whoever is behind it in its order may come. */
  ended(tie: Tie): void;
  isEmpty(): boolean;
  /** All of it; from then on there is nothing. */
  take(): Taken;
};

export type Taken = {
  readonly ready: readonly Tie[];
  readonly touched: readonly LimitedGate[];
  readonly orders: readonly string[];
};

/** Makes an empty one. */
export function createTodo(): Todo {
  const ready = new Map<number, Tie>();
  const touched = new Map<string, LimitedGate>();
  const orders = new Set<string>();
  const touch = (gate: LimitedGate): void => void touched.set(`${gate.kind} ${gate.text}`, gate);

  function touchAll(tie: Tie): void {
    for (const gate of gatesOf(tie)) touch(gate);
  }

  return {
    touch,
    touchAll,
    ready(tie) {
      ready.set(tie.seq, tie);
      touchAll(tie);
    },
    leave: ({ seq }) => void ready.delete(seq),
    ended(tie) {
      if (tie.orderingKey !== undefined) orders.add(tie.orderingKey);
    },
    isEmpty: () => ready.size + touched.size + orders.size === 0,
    take() {
      const taken = { ready: [...ready.values()], touched: [...touched.values()], orders: [...orders] };
      ready.clear();
      touched.clear();
      orders.clear();
      return taken;
    },
  };
}
