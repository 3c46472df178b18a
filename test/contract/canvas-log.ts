import type { TerminalState } from "../../server/src/model/task.ts";
import type { Plan } from "./canvas-plan.ts";

/** When something happened: in which call of the store, by which item of it, and after how many other ends. */
export type Moment = { readonly call: number; readonly item: number; readonly round: number };

/** In which order a call takes in its items: each with all that it brings about, or all of them before what they bring about. */
export type Order = "one by one" | "in rounds";

/** The end of a task. */
export type LeafEnd = {
  readonly at: Moment;
  readonly state: TerminalState;
  readonly reason: string | undefined;
  /** Somebody had asked to cancel it. */
  readonly isAsked: boolean;
};

export type Added = { readonly at: Moment; readonly plans: readonly Plan[]; readonly isLast: boolean };

/** What happened to a canvas from outside: what its tasks did, and what others asked. */
export type CanvasLog = {
  readonly ends: Map<string, LeafEnd>;
  /** When first attempts ended of tasks that went on. */
  readonly attempts: Map<string, Moment>;
  readonly replaced: Map<string, Moment>;
  /** What members of groups, or others, added to them, by the label of the group, in the order of time. */
  readonly added: Map<string, Added[]>;
  /** Barriers that were closed, by id. */
  readonly closed: Map<
    string,
    { readonly at: Moment; readonly state: "failed" | "cancelled"; readonly reason?: string }
  >;
};

export const newLog = (): CanvasLog => ({
  ...{ ends: new Map(), attempts: new Map(), replaced: new Map(), added: new Map(), closed: new Map() },
});

/** Whether something happened before something else; undefined: that never does. */
export function isBefore(order: Order, one: Moment, other: Moment | undefined): boolean {
  if (other === undefined) return true;
  if (one.call !== other.call) return one.call < other.call;
  const [a, b] =
    order === "in rounds"
      ? [
          [one.round, one.item],
          [other.round, other.item],
        ]
      : [
          [one.item, one.round],
          [other.item, other.round],
        ];
  const [first = 0, second = 0] = a ?? [];
  const [otherFirst = 0, otherSecond = 0] = b ?? [];
  return first === otherFirst ? second < otherSecond : first < otherFirst;
}

export const afterwards = (moment: Moment): Moment => ({ ...moment, round: moment.round + 1 });
