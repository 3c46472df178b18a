/**
 * What must hold of every run, whatever was done to it: the rules K1 to K10. Pure, so that rules.test.ts can show each of them a
 * history that breaks it. Each answers a sentence for every breach.
 */

import { compareFences, isEndState } from "../history.ts";
import { type Evidence, type Faults, faultsOf, knownEnds, storiesOf, type TaskStory } from "./evidence.ts";

/** The name of a rule. */
export type RuleName = keyof typeof rules;

/** A rule that does not hold. */
export type Violation = { readonly rule: RuleName; readonly task: string; readonly what: string };

type Rule = (story: TaskStory, faults: Faults) => string[];

/** Every rule, by its name. */
export const rules = {
  /** What was accepted is in the store. */
  K1: ({ enqueues, stored }) =>
    enqueues
      .filter(({ phase, argsHash }) => phase === "ok" && !stored.some((task) => task.argsHash === argsHash))
      .map(({ proc }) => `accepted from ${proc}, and not in the store`),

  /** A task ends once, and by the end of a run it has ended. */
  K2: ({ stored, events }) => {
    if (stored.length === 0) return [];
    const ends = events.filter(({ kind }) => isEndState(kind));
    const last = events.reduce((newest, { revision }) => Math.max(newest, revision), 0);
    return [
      ...stored
        .filter(({ state }) => !isEndState(state))
        .map(({ state, reason }) => `still ${state} (${reason ?? "no reason"}) after the end of the run`),
      ...(ends.length === 1 ? [] : [`has ${ends.length} terminal events`]),
      ...ends
        .filter(({ revision }) => revision < last)
        .map(({ kind, revision }) => `went on to revision ${last} after ${kind} at revision ${revision}`),
    ];
  },

  /** Whoever learned of a task's end learned the same. */
  K3: (story) => {
    const ends = knownEnds(story);
    const states = Map.groupBy(ends, ({ state }) => state);
    const values = Map.groupBy(
      ends.filter(({ valueHash }) => valueHash !== undefined),
      ({ valueHash }) => valueHash,
    );
    return [states, values]
      .filter((groups) => groups.size > 1)
      .map((groups) => {
        const sides = [...groups].map(([end, by]) => `${end} (${by.map((each) => each.by).join(", ")})`);
        return `ended in two ways: ${sides.join(" and ")}`;
      });
  },

  /** A result is that of the attempt whose fence is recorded with it. */
  K4: ({ stored, runs }) =>
    stored
      .filter(({ state }) => state === "succeeded")
      .flatMap(({ fence, resultHash }) => {
        const run = runs.find((each) => fence && compareFences(each.fence, fence) === 0);
        if (run === undefined) return [`succeeded under fence ${fence}, under which nobody ran it`];
        if (run.valueHash === resultHash) return [];
        return [`has result ${resultHash}, while ${run.proc} made ${run.valueHash} under fence ${fence}`];
      }),

  /** Fences rise, and each lease has its own. */
  K5: ({ runs, settles, stored }, faults) => {
    const inOrder = runs.toSorted((a, b) => a.startedAt - b.startedAt);
    const found: string[] = [];
    for (const [at, run] of inOrder.entries()) {
      for (const later of inOrder.slice(at + 1)) {
        const order = compareFences(run.fence, later.fence);
        if (order === 0) found.push(`was run twice under fence ${run.fence}: ${run.proc} and ${later.proc}`);
        if (order > 0 && !faults.wasFrozen(later.proc, later.startedAt))
          found.push(`${later.proc} began under fence ${later.fence} after ${run.proc} under ${run.fence}`);
      }
    }
    for (const { fence } of [...runs, ...settles]) {
      const above = stored.find((task) => !task.fence || compareFences(fence, task.fence) > 0);
      if (above) found.push(`was leased under fence ${fence}, and the store knows only ${above.fence}`);
    }
    return [...new Set(found)];
  },

  /** Two run it at once only if the first had to stop by its own clock, or was frozen, or its lease went with the database. */
  K6: ({ runs }, faults) =>
    runs.flatMap((first) =>
      runs
        .filter((second) => second !== first && isWithin(second.startedAt, first))
        .filter((second) => first.dueAt > second.startedAt)
        .filter((second) => !faults.wasFrozen(first.proc, second.startedAt))
        .filter(() => !faults.wasForgotten(first.startedAt))
        .map(
          (second) =>
            `${second.proc} began (fence ${second.fence}) while ${first.proc} ran it rightly (fence ${first.fence})`,
        ),
    ),

  /** A settlement that was accepted as the end is the end. */
  K7: ({ settles, stored }) =>
    settles
      .filter(({ phase, state }) => phase === "ok" && isEndState(state))
      .flatMap(({ proc, fence, state }) =>
        stored
          .filter((task) => !task.fence || compareFences(task.fence, fence) !== 0 || task.state !== state)
          .map(
            (task) =>
              `${proc} was told ${state} under fence ${fence}; the store has ${task.state} under ${task.fence}`,
          ),
      ),

  /** What was refused is not in the store. */
  K8: ({ enqueues, stored }) =>
    [...Map.groupBy(enqueues, ({ argsHash }) => argsHash)]
      .filter(([, lines]) => isRefused(lines.map(({ phase }) => phase)))
      .flatMap(([argsHash, lines]) =>
        stored
          .filter((task) => task.argsHash === argsHash)
          .map(() => `is in the store, although ${lines[0]?.proc} was refused`),
      ),

  /** However often it was sent, and whatever stayed open, it is there once or not at all. */
  K9: ({ enqueues, stored, events }) => {
    const accepted = events.filter(({ kind }) => kind === "accepted").length;
    const sent = enqueues.some(({ phase }) => phase === "invoke");
    return [
      ...(stored.length > 1 ? [`is in the store ${stored.length} times`] : []),
      ...(accepted > 1 ? [`was accepted ${accepted} times`] : []),
      ...(accepted !== stored.length ? [`has ${accepted} accepted events and ${stored.length} records`] : []),
      ...(stored.length > 0 && !sent ? ["is in the store, and nobody sent it"] : []),
    ];
  },

  /** It was run no oftener than it was delivered. */
  K10: ({ runs, stored }, faults) => {
    const remembered = runs.filter(({ startedAt }) => !faults.wasForgotten(startedAt));
    return stored
      .filter(({ deliveries }) => remembered.length > deliveries)
      .map(({ deliveries }) => `was run ${remembered.length} times, in ${deliveries} deliveries`);
  },
} as const satisfies Record<string, Rule>;

/** Every breach of every rule. */
export function violationsOf(evidence: Evidence): Violation[] {
  const faults = faultsOf(evidence.lines);
  const named = Object.entries(rules) as [RuleName, Rule][];
  return storiesOf(evidence).flatMap((story) =>
    named.flatMap(([rule, check]) => check(story, faults).map((what) => ({ rule, task: story.id, what }))),
  );
}

const isWithin = (at: number, run: { readonly startedAt: number; readonly endedAt: number }): boolean =>
  at >= run.startedAt && at < run.endedAt;

/** Refused, and never once stored or left open. */
const isRefused = (phases: readonly string[]): boolean =>
  phases.includes("fail") &&
  phases.filter((phase) => phase === "invoke").length === phases.filter((phase) => phase === "fail").length;
