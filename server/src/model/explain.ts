/** Why a task does not run, or that it does: every cause that there is, as a pure decision. The words are in cause-text.ts. */

import { type GateLimit, isSatisfied, type Labels, nextTokenAt, pauseAt, tokensAt } from "./gate.ts";
import { capacityOf } from "./gatekeeper.ts";
import type { Instant, TaskId } from "./ids.ts";
import type { NamespaceStop } from "./namespace.ts";
import type { Pause } from "./pause.ts";
import type { LimitStanding, QueueService, TaskStanding } from "./standing.ts";
import {
  type CancelRequest,
  isTerminal,
  type StateReason,
  type TaskState,
  type TerminalState,
} from "./task.ts";

/** One cause, with its facts. */
export type Cause = OwnCause | LimitCause | ServiceCause;

/** What a task, its queue and its order have to do with it. */
export type OwnCause =
  | {
      readonly kind: "ended";
      readonly state: TerminalState;
      readonly why: StateReason | undefined;
      readonly at: Instant | undefined;
    }
  | {
      readonly kind: "running";
      readonly worker: string;
      readonly attempt: number;
      readonly until: Instant | undefined;
    }
  | { readonly kind: "cancel_requested"; readonly cancel: CancelRequest }
  | { readonly kind: "scheduled"; readonly until: Instant | undefined; readonly why: StateReason | undefined }
  | { readonly kind: "namespace_stopped"; readonly stop: NamespaceStop }
  | { readonly kind: "queue_deleting" }
  | { readonly kind: "queue_paused"; readonly pause: Pause }
  /** Another task of its ordering key comes first. */
  | {
      readonly kind: "order";
      readonly orderingKey: string;
      readonly first: TaskId;
      readonly firstState: TaskState;
    }
  /** It comes after `ahead` others of its queue; `isMore`: after more than that. */
  | {
      readonly kind: "in_line";
      readonly ahead: number;
      readonly isMore: boolean;
      readonly fairnessKey: string | undefined;
    };

/**
 * What a limit has against it. limit_paused: its name or its key is paused. limit_stopped: it is one of zero. rate_reached: the next grant conforms at `until`. others_first: at
 * least as many as it has room for obey it and come before the task.
 */
export type LimitCause = LimitFacts &
  (
    | { readonly kind: "limit_stopped" | "concurrency_reached" | "others_first" }
    | { readonly kind: "rate_reached"; readonly until: Instant | undefined }
    | { readonly kind: "limit_paused"; readonly pause: Pause }
  );

/**
 * Who is missing to take it. draining: this server hands out nothing more. no_worker: nobody takes tasks of its queue. labels_missing:
 * of `workers` that do, none has the labels that it requires. name_unknown: `workers` have, and all of them say that they do not know
 * its name. workers_busy: `workers` could run it, and take nothing more now.
 */
export type ServiceCause =
  | { readonly kind: "draining" | "no_worker" }
  | { readonly kind: "labels_missing"; readonly workers: number; readonly labels: Labels }
  | { readonly kind: "name_unknown" | "workers_busy"; readonly workers: number };

/** A limit, and what it does now. */
export type LimitFacts = {
  readonly limit: GateLimit;
  readonly leased: number;
  /** How many more leases it allows. */
  readonly room: number;
  readonly ahead: number;
};

/** A kind of cause. */
export type CauseKind = Cause["kind"];

/** When, and how far tasks were counted. */
export type Explaining = { readonly now: Instant; readonly aheadMax: number };

/**
 * All that keeps a task from running, what it waits for first coming first; the one cause of a task that runs or has ended. A ready
 * task always has its place in line as the last one.
 */
export function explain(standing: TaskStanding, service: QueueService, at: Explaining): readonly Cause[] {
  const { head } = standing;
  if (isTerminal(head.state))
    return [{ kind: "ended", state: head.state, why: head.reason, at: head.endedAt }];
  if (head.state === "leased") return running(standing);
  return [
    ...(head.state === "scheduled"
      ? [{ kind: "scheduled", until: head.notBefore, why: head.reason } as const]
      : []),
    ...heldBack(standing, at.now),
    ...servedBy(standing, service),
    ...(head.state === "ready" ? [inLine(standing, at)] : []),
  ];
}

/** These tell who is there to take a task, and what comes first; the others, that nobody may have it. */
const harmless: ReadonlySet<CauseKind> = new Set<CauseKind>([
  ...(["draining", "no_worker", "labels_missing", "name_unknown", "workers_busy", "in_line"] as const),
]);

/** Whether a worker that may have a ready task, and takes all that its queue has now, would get it. */
export const isStartable = (causes: readonly Cause[]): boolean =>
  causes.every(({ kind }) => harmless.has(kind));

function running({ head }: TaskStanding): readonly Cause[] {
  const { worker = "", attempt, leaseUntil: until, cancel } = head;
  const causes: Cause[] = [{ kind: "running", worker, attempt, until }];
  return cancel === undefined ? causes : [...causes, { kind: "cancel_requested", cancel }];
}

/** What no worker can help. */
function heldBack(standing: TaskStanding, now: Instant): readonly Cause[] {
  const { head, stop, isQueueDeleting, pause, first, limits } = standing;
  const causes: Cause[] = [];
  if (stop !== undefined) causes.push({ kind: "namespace_stopped", stop });
  if (isQueueDeleting) causes.push({ kind: "queue_deleting" });
  if (pause !== undefined) causes.push({ kind: "queue_paused", pause });
  if (first !== undefined)
    causes.push({
      ...{ kind: "order", orderingKey: head.ties?.orderingKey ?? "" },
      ...{ first: first.id, firstState: first.state },
    });
  return [...causes, ...limits.flatMap((limit) => atLimit(limit, now))];
}

/** What one limit has against a task. */
function atLimit(standing: LimitStanding, now: Instant): readonly Cause[] {
  const { limit, leased, ahead, dueAt } = standing;
  const { concurrency, rate } = limit;
  const room = capacityOf(standing, leased, now);
  const facts = { limit, leased, room, ahead };
  const pause = pauseAt(limit, now);
  const causes: Cause[] = pause === undefined ? [] : [{ kind: "limit_paused", pause, ...facts }];
  if (concurrency === 0 || rate?.count === 0) return [...causes, { kind: "limit_stopped", ...facts }];
  if (concurrency !== undefined && leased >= concurrency)
    causes.push({ kind: "concurrency_reached", ...facts });
  if (rate !== undefined && tokensAt(rate, dueAt, now) === 0)
    causes.push({ kind: "rate_reached", until: nextTokenAt(rate, dueAt), ...facts });
  return causes.length === 0 && ahead >= room ? [{ kind: "others_first", ...facts }] : causes;
}

/** What is missing at those who take from its queue: the first of these that is true. */
function servedBy({ head }: TaskStanding, { isDraining, workers }: QueueService): readonly Cause[] {
  if (isDraining) return [{ kind: "draining" }];
  if (workers.length === 0) return [{ kind: "no_worker" }];
  const labels = head.ties?.labels ?? {};
  const fitting = workers.filter((worker) => isSatisfied(labels, worker.labels));
  if (fitting.length === 0) return [{ kind: "labels_missing", workers: workers.length, labels }];
  const able = fitting.filter(({ knows }) => knows?.(head.name) ?? true);
  if (able.length === 0) return [{ kind: "name_unknown", workers: fitting.length }];
  return able.some(({ hasRoom }) => hasRoom) ? [] : [{ kind: "workers_busy", workers: able.length }];
}

function inLine({ head, ahead }: TaskStanding, { aheadMax }: Explaining): Cause {
  const isMore = ahead > aheadMax;
  return { kind: "in_line", ahead: isMore ? aheadMax : ahead, isMore, fairnessKey: head.ties?.fairnessKey };
}
