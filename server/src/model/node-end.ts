/** What has ended in a canvas, as those see it that wait for it. */

import type { Cause, KeptMember, MemberSource, Part } from "./canvas.ts";
import type { Namespace } from "./ids.ts";
import type { Place } from "./place.ts";
import type { Lineage, NewTask, TaskInput, TerminalState } from "./task.ts";

/** Something of a canvas that has ended. */
export type NodeEnd = {
  readonly namespace: Namespace;
  readonly place: Place | undefined;
  /** "attempted": it goes on, and its first attempt has ended. */
  readonly on: TerminalState | "attempted";
  /** Somebody asked to cancel it: its success starts nothing. */
  readonly isLast: boolean;
  readonly source: MemberSource;
  /** What its success starts; undefined: nothing. */
  readonly next: Part | undefined;
  /** What those are handed that its success starts, all but the last word. */
  readonly left: Left;
  /** What the tasks that it starts descend from. */
  readonly lineage: Lineage;
  /** Why it did not succeed. */
  readonly cause: Cause | undefined;
  /** What it makes besides, whatever becomes of its canvas. */
  readonly besides: readonly NewTask[];
};

/** What an end leaves to those that follow it. */
export type Left = Omit<TaskInput, "isHanded" | "member">;

/** The members that ends are, before anything counts: a store keeps them, and counts those whose index was not there. */
export const membersOf = (ends: readonly NodeEnd[]): readonly KeptMember[] =>
  ends.flatMap(({ place, on, isLast, source }) => {
    if (place === undefined || on === "attempted") return [];
    // What it would have started does not come, and cannot be that member.
    const state = on === "succeeded" && isLast && place.reports === "unsuccessful" ? "cancelled" : on;
    if (state === "succeeded" && place.reports === "unsuccessful") return [];
    return [{ barrier: place.barrier, index: place.index, state, source }];
  });
