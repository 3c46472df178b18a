import type { LinkCall } from "../task-options.ts";

/**
 * What a group does when a member does not succeed. fail_fast: it fails at once, and the others are cancelled. wait: it waits for the
 * others, and fails. carry_on: it waits for the others, and succeeds; the failure is that member's result.
 */
export type OnMemberFailure = "fail_fast" | "wait" | "carry_on";

/** How the members of a group come to one end. */
export type GatherOptions = {
  /** Default "wait"; of a chord's header "fail_fast". */
  readonly onMemberFailure?: OnMemberFailure;
  /**
   * Further members may come, until it is sealed. Only of the canvas itself, or of the header if that is a chord, or of the first step if
   * that is a chain. Default false.
   */
  readonly open?: boolean;
  /** Each member starts so much later than the one before it. */
  readonly skewMs?: number;
  /** Made when each member has ended its first attempt, well or not. At most 16. */
  readonly linkAttempted?: readonly LinkCall[];
  /** Made when all members have ended, well or not. At most 16. */
  readonly linkCompleted?: readonly LinkCall[];
};

/** Where members come from. An array may be read again and again; anything else is read once, page by page, when it is submitted. */
export type MembersSource<T> = Iterable<T> | AsyncIterable<T>;
