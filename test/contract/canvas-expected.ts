import type { BarrierEnd, OnMemberFailure } from "../../server/src/model/canvas.ts";
import type { TerminalState } from "../../server/src/model/task.ts";
import { calledFor } from "./canvas-drawn.ts";
import type { BarrierFact, CallFact, CauseFact, Facts, Handed, TaskFact, Value } from "./canvas-facts.ts";
import { type Added, afterwards, type CanvasLog, isBefore, type Moment, type Order } from "./canvas-log.ts";
import { type ChainPlan, isNotMade, membersOf, type Plan, type TaskPlan } from "./canvas-plan.ts";

/** Whose log it is, and what is needed to read it. */
export type Reading = {
  readonly log: CanvasLog;
  readonly order: Order;
  /** The id of the barrier around nodes, whose callbacks have a label; undefined: nothing says it. */
  readonly idAround: (label: string, plans: readonly Plan[]) => string | undefined;
  /** What a task returns that was handed this. */
  readonly resultOf: (label: string, handed: Value | undefined) => string;
};

/** What a node comes to. Without `at`: nobody hears of an end. */
type Result = {
  readonly at?: Moment;
  readonly state?: TerminalState;
  readonly handed?: Handed;
  readonly cause?: CauseFact | undefined;
  /** When its first attempt had ended. */
  readonly attempted?: Moment | undefined;
};

/** Where a node stands. */
type Standing = {
  readonly start: Moment;
  readonly input: Handed | undefined;
  /** When what it is under ended before its members; undefined: it did not. */
  readonly until: Moment | undefined;
  /** Its success starts something. */
  readonly hasNext: boolean;
};

type Gathering = {
  readonly tasks: Map<string, TaskFact>;
  readonly barriers: Map<string, BarrierFact>;
  readonly calls: Map<string, CallFact>;
};

/** Nodes side by side. */
type Around = {
  readonly initial: readonly Plan[];
  readonly added: readonly Added[];
  readonly isOpen: boolean;
  readonly mode: OnMemberFailure;
  readonly shape: "one" | "list";
  /** Its callbacks, by the label that they have. */
  readonly label: string;
  readonly callbacks: readonly BarrierEnd[];
  /** Of a canvas: the barrier that it is. */
  readonly id?: string;
};

const none: Pick<Around, "added" | "isOpen"> = { added: [], isOpen: false };

/**
 * What a canvas that was submitted at an instant must have come to, told from its plan and from when its tasks ended. Recursive over the
 * plan, and by comparing instants: a group ends at the latest end of its members, or at the earliest that was bad. Nothing is counted as
 * it happens, and nobody is told of anything.
 */
export function expected(plan: Plan, start: Moment, reading: Reading): Facts {
  const facts: Gathering = { tasks: new Map(), barriers: new Map(), calls: new Map() };
  const { log, order } = reading;
  const earliest = (moments: readonly (Moment | undefined)[]): Moment | undefined =>
    moments.reduce(
      (best, each) => (each !== undefined && isBefore(order, each, best) ? each : best),
      undefined,
    );
  const latest = (moments: readonly Moment[]): Moment | undefined =>
    moments.reduce<Moment | undefined>(
      (best, each) => (best === undefined || isBefore(order, best, each) ? each : best),
      undefined,
    );
  const isIn = (moment: Moment, until: Moment | undefined): boolean => isBefore(order, moment, until);

  /** `facts` undefined: nothing of it is written down. */
  function evaluate(node: Plan, at: Standing, into: Gathering | undefined): Result {
    if (node.kind === "task") return task(node, at, into);
    const { label, callbacks } = node;
    if (node.kind === "chain" && callbacks.length === 0) return chain(node, at, into);
    const around: Around =
      node.kind === "chain"
        ? { ...none, initial: [{ ...node, callbacks: [] }], mode: "wait", shape: "one", label, callbacks }
        : {
            ...{ initial: membersOf(node), mode: node.onMemberFailure, shape: "list", label, callbacks },
            ...{ added: log.added.get(label) ?? [], isOpen: node.additions !== undefined },
          };
    return barrier(around, at, into);
  }

  function task(node: TaskPlan, at: Standing, into: Gathering | undefined): Result {
    const { label, script, isHanded } = node;
    if (isNotMade(script)) {
      const cause = { task: label, state: "failed", reason: "not_made" } as const;
      return { at: afterwards(at.start), state: "failed", cause, attempted: afterwards(at.start) };
    }
    const end = log.ends.get(label);
    const replacedAt = log.replaced.get(label);
    const how = replacedAt ? "succeeded replaced" : end && [end.state, end.reason ?? ""].join(" ");
    into?.tasks.set(label, {
      input: at.input && (isHanded ? at.input : { ...at.input, value: "" }),
      end: how,
    });
    if (script.kind === "replaced" && replacedAt !== undefined) {
      const attempted = log.attempts.get(label) ?? replacedAt;
      if (!isIn(replacedAt, at.until)) return { attempted };
      const around: Around = {
        ...{ ...none, initial: [script.by], mode: "wait", shape: "one", label, callbacks: node.links },
      };
      const inPlace = barrier(around, { ...at, start: replacedAt, input: undefined }, into);
      return { ...inPlace, attempted };
    }
    if (end === undefined) return { attempted: log.attempts.get(label) };
    const isLost = end.isAsked && end.state === "succeeded" && at.hasNext;
    const value = reading.resultOf(label, isHanded ? at.input?.value : undefined);
    if (!(end.isAsked && end.state === "succeeded"))
      for (const on of node.links)
        if (on === end.state) {
          const failure = script.kind === "fails" ? failureOf(label) : undefined;
          into?.calls.set(calledFor(label, on), {
            on,
            from: label,
            value: on === "succeeded" ? value : failure,
          });
        }
    return {
      ...{
        at: end.at,
        attempted: log.attempts.get(label) ?? end.at,
        state: isLost ? "cancelled" : end.state,
      },
      handed: { from: label, isBarrier: false, value },
      ...((isLost || end.state !== "succeeded") && {
        cause: {
          ...{ task: label, state: isLost ? "cancelled" : end.state },
          reason: isLost ? "cancel_requested" : end.reason,
        },
      }),
    };
  }

  function chain({ steps }: ChainPlan, at: Standing, into: Gathering | undefined): Result {
    let standing = at;
    for (const [index, step] of steps.entries()) {
      const isFinal = index === steps.length - 1;
      const result = evaluate(step, { ...standing, hasNext: !isFinal || at.hasNext }, into);
      if (isFinal || result.state !== "succeeded" || result.at === undefined)
        return { ...result, attempted: result.at };
      if (!isIn(result.at, at.until)) return {};
      standing = { ...at, start: result.at, input: result.handed };
    }
    return {};
  }

  function barrier(around: Around, at: Standing, into: Gathering | undefined): Result {
    const { initial, mode, isOpen } = around;
    const id =
      around.id ??
      reading.idAround(around.label, [...initial, ...around.added.flatMap(({ plans }) => plans)]);
    const closing = id === undefined ? undefined : log.closed.get(id);
    const member = (plan: Plan, start: Moment, input: Handed | undefined) => ({ plan, start, input });
    const first = initial.map((plan) => member(plan, at.start, at.input));
    const later = around.added.flatMap(({ plans, at: start }) =>
      plans.map((plan) => member(plan, start, undefined)),
    );
    const run = (until: Moment | undefined, members: typeof first, writes: Gathering | undefined) =>
      members.map(({ plan, start, input }) =>
        evaluate(plan, { start, input, until, hasNext: false }, writes),
      );
    // What is started after its end would have come to nothing that is known of.
    const bad = run(undefined, [...first, ...later], undefined).filter(isBad);
    const cut = earliest([closing?.at, ...(mode === "fail_fast" ? bad.map((each) => each.at) : [])]);
    const added = around.added.filter((each) => isIn(each.at, cut));
    const plans = [
      ...first,
      ...added.flatMap((each) => each.plans.map((plan) => member(plan, each.at, undefined))),
    ];
    const results = run(cut, plans, into);
    const sealedAt = isOpen ? added.find(({ isLast }) => isLast)?.at : at.start;
    const ends = results.flatMap((each) => each.at ?? []);
    const isOver = sealedAt !== undefined && ends.length === results.length;
    const endedAt = earliest([cut, isOver ? latest([at.start, sealedAt, ...ends]) : undefined]);
    const worst = results
      .filter(isBad)
      .filter((each) => each.at && (!endedAt || !isBefore(order, endedAt, each.at)));
    const firstBad = worst.reduce<Result | undefined>(
      (best, each) => (each.at && isBefore(order, each.at, best?.at) ? each : best),
      undefined,
    );
    const isClosed = closing !== undefined && closing.at === endedAt;
    const state = isClosed ? closing.state : endState(endedAt, worst.length > 0 && mode !== "carry_on");
    const closingCause: CauseFact | undefined =
      isClosed && closing.reason !== undefined
        ? { task: undefined, state: "failed", reason: closing.reason }
        : undefined;
    const cause = firstBad?.cause ?? closingCause;
    const values = results.flatMap((each): readonly Value[] =>
      each.at === undefined
        ? []
        : [each.state === "succeeded" ? (each.handed?.value ?? "") : { failed: each.cause?.reason }],
    );
    const value = around.shape === "list" ? values : (values[0] ?? "");
    const isAttempted = wereAllAttempted(
      results,
      plans,
      sealedAt,
      state === "cancelled" ? undefined : endedAt,
    );
    const left = { id: id ?? "", value, cause, isAttempted };
    if (into !== undefined) call(around, state, left, into);
    const counts = around.callbacks.includes("attempted") && around.shape === "list";
    if (id !== undefined)
      into?.barriers.set(id, {
        ...{ state, cause, value, size: plans.length, ended: ends.length, isSealed: sealedAt !== undefined },
        unsuccessful: results.filter(isBad).length,
        members: results.flatMap((each, index) => (each.at === undefined ? [] : [index])),
        attempted: counts ? results.filter((each) => each.attempted !== undefined).length : undefined,
      });
    if (endedAt === undefined || state === "open" || state === "cancelled") return {};
    const heard = afterwards(endedAt);
    return {
      at: heard,
      state,
      attempted: heard,
      cause: state === "failed" ? cause : undefined,
      handed: { from: id ?? "", isBarrier: true, value },
    };
  }

  /** Whether there was an instant at which no more members came and all of them had been tried. */
  function wereAllAttempted(
    results: readonly Result[],
    members: readonly { readonly start: Moment }[],
    sealedAt: Moment | undefined,
    heardAt: Moment | undefined,
  ): boolean {
    if (sealedAt === undefined) return false;
    const instants = [...(heardAt ? [heardAt] : []), ...results.flatMap(({ attempted }) => attempted ?? [])];
    return instants.some(
      (instant) =>
        !isBefore(order, instant, sealedAt) &&
        results.every(({ attempted }, index) => {
          const start = members[index]?.start;
          const isThere = start !== undefined && !isBefore(order, instant, start);
          return !isThere || (attempted !== undefined && !isBefore(order, instant, attempted));
        }),
    );
  }

  function call(
    { label, callbacks }: Around,
    state: BarrierFact["state"],
    left: {
      readonly id: string;
      readonly value: Value;
      readonly cause: CauseFact | undefined;
      readonly isAttempted: boolean;
    },
    into: Gathering,
  ): void {
    const { id, value, cause, isAttempted } = left;
    for (const on of callbacks) {
      const isCalled =
        on === "attempted"
          ? isAttempted
          : state === on || (on === "completed" && state !== "open" && state !== "cancelled");
      if (!isCalled) continue;
      const isError = on === "failed" && cause?.task !== undefined;
      into.calls.set(calledFor(label, on), {
        ...{ on: isError ? "failed" : "succeeded", from: isError ? (cause?.task ?? "") : id },
        // What it leaves is read when that is wanted; where it has ended before its members, more of them may have ended by then.
        value: on === "attempted" ? "" : state === "succeeded" ? value : undefined,
      });
    }
  }

  barrier(
    { ...none, initial: [plan], mode: "wait", shape: "one", label: "", callbacks: [], id: plan.label },
    { start, input: undefined, until: undefined, hasNext: false },
    facts,
  );
  return facts;
}

/** How the failure of a task reads. */
export const failureOf = (label: string): string => `failure of ${label}`;

const isBad = ({ at, state }: Result): boolean => at !== undefined && state !== "succeeded";

const endState = (endedAt: Moment | undefined, isFailed: boolean): "open" | "succeeded" | "failed" =>
  endedAt === undefined ? "open" : isFailed ? "failed" : "succeeded";
