/** What a group leaves and takes, told from its members. */

import type { ParentFailure } from "../task-options.ts";
import type { GatherOptions } from "./gathering.ts";
import type { Leaving, made, Taking } from "./phantoms.ts";

type AnyMember = Leaving<unknown> & Taking<never>;

/** A group of any kind, opened. */
export type OpenedGroup<Members extends readonly AnyMember[], Mode> = {
  readonly [made]: { readonly members: Members; readonly mode: Mode };
};

/** The list of what members leave. A group that is nothing but a member, and does as this one does, dissolves in it. */
export type GroupResults<Members extends readonly AnyMember[], Mode> = number extends Members["length"]
  ? MemberResults<Members[number], Mode>[number][]
  : Members extends readonly [infer First extends AnyMember, ...infer Rest extends readonly AnyMember[]]
    ? [...MemberResults<First, Mode>, ...GroupResults<Rest, Mode>]
    : [];

type MemberResults<Member, Mode> =
  Member extends Plain<infer Inner extends readonly AnyMember[], infer Own>
    ? [InForce<Own, "wait">] extends [Mode]
      ? GroupResults<Inner, Mode>
      : [Left<Member, Mode>]
    : [Left<Member, Mode>];

/** A group that has neither links nor anybody who adds to it. */
type Plain<Members, Mode> = {
  readonly [made]: { readonly members: Members; readonly mode: Mode; readonly apart: false };
};

/** What a group does that leaves it to its place. */
export type InForce<Mode, Usual> = [Mode] extends ["usual"] ? Usual : Mode;

type Left<Member, Mode> =
  Member extends Leaving<infer Result> ? (Mode extends "carry_on" ? Result | ParentFailure : Result) : never;

/** What all members can be handed. */
export type GroupInput<Members extends readonly AnyMember[]> = (
  Members[number] extends infer Member
    ? Member extends Taking<infer Input>
      ? (input: Input) => void
      : never
    : never
) extends (input: infer Input) => void
  ? Input
  : never;

/** What a group does when a member does not succeed, once it is gathered as the options say. */
export type ModeOf<Options extends GatherOptions, Before> = Options extends {
  readonly onMemberFailure: infer Mode extends string;
}
  ? Mode
  : Before;

/** Whether it stays a list of its own wherever it is. */
export type IsApart<Options extends GatherOptions, Before> = Options extends
  | { readonly open: true }
  | { readonly linkAttempted: readonly unknown[] }
  | { readonly linkCompleted: readonly unknown[] }
  ? true
  : Before;
