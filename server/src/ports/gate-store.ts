import type { Refusal } from "../model/admission.ts";
import type { GateLimit, LimitRef } from "../model/gate.ts";
import type { Instant, Namespace, QueueRef, TaskRef } from "../model/ids.ts";
import type { Pause } from "../model/pause.ts";
import type { TaskStanding } from "../model/standing.ts";

/**
 * Limits, and the gates that they make. Same transactions, same errors as TaskStore. What a limit allows is decided in the transaction
 * that grants: leases in use are counted as they are there, and a rate's count goes on in the commit of the leases.
 */
export interface GateStore {
  /**
   * Puts a limit in the place of the one for the same thing, but for its pause, which stays as it is. It holds for every claim after the answer "done". "more": a part of what
   * has to be gone through was; ask again.
   */
  putLimit(limit: GateLimit): Promise<"done" | "more" | "too_many">;
  /**
   * Takes the bounds of a limit away, and lets through who waits at them; its pause stays. "more": ask again; "unknown": there are no
   * bounds.
   */
  deleteLimit(ref: LimitRef, now: Instant): Promise<"done" | "more" | "unknown">;
  /**
   * Pauses (or with undefined resumes) the tasks of a name or a key, whatever it was before; bounds stay. What is paused holds for every
   * claim after the answer "done", and ends by itself at its time. "more": ask again. "too_many": limits, with which pauses count.
   */
  setGatePause(ref: GateRef, pause: Pause | undefined, now: Instant): Promise<"done" | "more" | "too_many">;
  /** One limit; undefined where nothing is said: no bounds, no pause. */
  getLimit(ref: LimitRef): Promise<GateStatus | undefined>;
  /** Limits of a namespace by kind (queue, name, key) and subject (code-unit order), after `after`. */
  listLimits(namespace: Namespace, after: LimitRef | undefined, limit: number): Promise<readonly GateLimit[]>;
  /** Sets how often a fairness key of a queue comes beside the others; the queue is made where there is none. Weight 1 is the usual. */
  putWeight(ref: QueueRef, weight: KeyWeight, now: Instant): Promise<"done" | Refusal>;
  /** The weights of a queue other than 1, by key (code-unit order), after `after`. */
  listWeights(ref: QueueRef, after: string | undefined, limit: number): Promise<readonly KeyWeight[]>;
  /** Lets through whom rates allow at `now`. Answers when it should be asked next; undefined: not before news say so. */
  openGates(now: Instant): Promise<Instant | undefined>;
  /**
   * Where a task stands among all that decides whether it runs, at one moment; undefined where there is no such task. Tasks before it
   * are counted up to `aheadMax` + 1.
   */
  readStanding(ref: TaskRef, aheadMax: number): Promise<TaskStanding | undefined>;
  /** Names the one who hears, after each commit, what gates did in it. News may be lost: whoever waits looks now and then. */
  onGateNews(listener: (news: GateNews) => void): void;
}

/** A subject that is paused here: queues have their own. */
export type GateRef = LimitRef & { readonly kind: "name" | "key" };

/** How many tasks of a key come for one of a key with weight 1. */
export type KeyWeight = { readonly key: string; readonly weight: number };

/** A limit, and what it does now. */
export type GateStatus = GateLimit & {
  /** How many live leases count there. */
  readonly leased: number;
  /** How many ready tasks wait at its gate; for a queue, all that are ready. */
  readonly waiting: number;
};

/** What gates did in a commit. */
export type GateNews = {
  /** Queues in which tasks may be claimed that could not be before, or that ends of other tasks made, and how many. */
  readonly opened: readonly { readonly queue: QueueRef; readonly count: number }[];
  /** When openGates should be called, if it is not called before that. */
  readonly wakeAt: Instant | undefined;
  /** When the first is due of those that ends of tasks made and that wait for their time. */
  readonly dueAt?: Instant | undefined;
};
