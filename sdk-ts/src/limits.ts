import { durationFromMs, durationMs, timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import type {
  Limit as ProtoLimit,
  LimitSubject as ProtoSubject,
  LimitUse as ProtoUse,
} from "@stem/proto/stem/v1/limit_pb";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { allPages, type OperatorCalls } from "./operator-calls.ts";
import { type PauseOptions, pauseFromProto, pauseToProto, type QueuePause } from "./queues.ts";

/** What a limit is about: the tasks of a queue, of a name, or those that say a `limitKey`. */
export type LimitSubject = { readonly queue: string } | PausableSubject;

/** The tasks of a name, or those that say a `limitKey`. */
export type PausableSubject = { readonly taskName: string } | { readonly key: string };

/** How many tasks may run at once, and how fast they may be handed out; one of the two at least. 0 stops them. */
export type LimitBounds = {
  /** How many leases there may be at once, up to 1,000,000. Default: any number. */
  readonly concurrency?: number;
  /** So many in a period of 1 ms to 24 h, spread evenly; `burst` at once after a pause. Default: at any pace. */
  readonly rate?: { readonly count: number; readonly periodMs: number; readonly burst?: number };
};

/** A limit as it was put. */
export type LimitStatus = {
  readonly on: { readonly kind: "queue" | "taskName" | "key"; readonly subject: string };
  /** How many leases it allows at once; undefined: any number. */
  readonly concurrency: number | undefined;
  /** How fast it lets tasks go; undefined: at any pace. */
  readonly rate: { readonly count: number; readonly periodMs: number; readonly burst: number } | undefined;
  /** Set while the name or key is paused. */
  readonly pause: QueuePause | undefined;
  readonly updatedAt: Date | undefined;
};

/** What a limit does now. */
export type LimitUse = {
  /** How many live leases count there. */
  readonly leased: number;
  /** How many ready tasks wait for it; for a queue, all that are ready. */
  readonly waiting: number;
};

/** What operators do to limits, and to the turns that keys take. */
export interface Limits {
  /**
   * Puts a limit in the place of the one for the same subject; what it does not say is not limited any more. LIMIT_FIXED for a queue
   * whose limits the routing says.
   */
  put(subject: LimitSubject, bounds: LimitBounds): Promise<LimitStatus & LimitUse>;
  /** LIMIT_UNKNOWN where there is none. */
  get(subject: LimitSubject): Promise<LimitStatus & LimitUse>;
  /** All limits: of queues, of names, of keys, each by subject, read page by page as they are asked for. */
  list(): AsyncIterable<LimitStatus>;
  /** Takes a limit away, and lets through who waits for it. LIMIT_UNKNOWN where there is none, LIMIT_FIXED as for `put`. A pause stays. */
  delete(subject: LimitSubject): Promise<void>;
  /** Stops handing out the tasks of a name or a key, at once, on every worker and over restarts. What runs goes on. */
  pauseTasks(subject: PausableSubject, options?: PauseOptions): Promise<LimitStatus & LimitUse>;
  /** Hands them out again, as far as their limit allows. */
  resumeTasks(subject: PausableSubject): Promise<void>;
  /** Sets how many tasks of a fairness key come for one of a key with weight 1; 1 to 1,000. */
  putWeight(queue: string, key: string, weight: number): Promise<void>;
  /** The keys of a queue with another weight than 1, by key. */
  weights(queue: string): AsyncIterable<{ readonly key: string; readonly weight: number }>;
}

/** Makes them over one connection. */
export function createLimits({ transport, inNamespace, timed, call }: OperatorCalls): Limits {
  const service = createClient(LimitService, transport);
  return {
    async put(on, { concurrency, rate }) {
      const limit = {
        subject: subjectToProto(on),
        ...(concurrency !== undefined && { concurrency }),
        ...(rate && { rate: rateToProto(rate) }),
      };
      return statusOf(await call(() => service.putLimit({ ...inNamespace, limit }, timed)));
    },
    async get(on) {
      const asked = { ...inNamespace, subject: subjectToProto(on) };
      return statusOf(await call(() => service.getLimit(asked, timed)));
    },
    list: () =>
      allPages(
        (page) => call(() => service.listLimits({ ...inNamespace, ...page }, timed)),
        ({ limits }) => limits.map(limitFromProto),
      ),
    async delete(on) {
      await call(() => service.deleteLimit({ ...inNamespace, subject: subjectToProto(on) }, timed));
    },
    async pauseTasks(on, options = {}) {
      const asked = { ...inNamespace, subject: subjectToProto(on), ...pauseToProto(options) };
      return statusOf(await call(() => service.pauseTasks(asked, timed)));
    },
    async resumeTasks(on) {
      await call(() => service.resumeTasks({ ...inNamespace, subject: subjectToProto(on) }, timed));
    },
    async putWeight(queue, key, weight) {
      await call(() => service.putWeight({ ...inNamespace, queue, weight: { key, weight } }, timed));
    },
    weights: (queue) =>
      allPages(
        (page) => call(() => service.listWeights({ ...inNamespace, queue, ...page }, timed)),
        ({ weights }) => weights.map(({ key, weight }) => ({ key, weight })),
      ),
  };
}

function subjectToProto(on: LimitSubject) {
  if ("queue" in on) return { subject: { case: "queue" as const, value: on.queue } };
  if ("taskName" in on) return { subject: { case: "taskName" as const, value: on.taskName } };
  return { subject: { case: "key" as const, value: on.key } };
}

const rateToProto = ({ count, periodMs, burst }: NonNullable<LimitBounds["rate"]>) => ({
  ...{ count, period: durationFromMs(periodMs) },
  ...(burst !== undefined && { burst }),
});

function statusOf(answer: {
  readonly limit?: ProtoLimit | undefined;
  readonly use?: ProtoUse | undefined;
}): LimitStatus & LimitUse {
  const { limit, use } = answer;
  if (limit === undefined) throw new Error("the server answered without the limit");
  return {
    ...limitFromProto(limit),
    leased: Number(use?.leased ?? 0),
    waiting: Number(use?.waiting ?? 0),
  };
}

/** A limit from its message. */
export function limitFromProto({ subject, concurrency, rate, pause, updateTime }: ProtoLimit): LimitStatus {
  return {
    on: onOf(subject),
    concurrency,
    rate: rate && {
      ...{ count: rate.count, periodMs: rate.period ? durationMs(rate.period) : 0, burst: rate.burst ?? 1 },
    },
    pause: pause && pauseFromProto(pause),
    updatedAt: updateTime && timestampDate(updateTime),
  };
}

function onOf(subject: ProtoSubject | undefined): LimitStatus["on"] {
  const said = subject?.subject;
  if (said?.case === undefined) throw new Error("the server answered without the limit's subject");
  return { kind: said.case, subject: said.value };
}
