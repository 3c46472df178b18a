/** Limits on the wire. */

import { create } from "@bufbuild/protobuf";
import {
  type Limit as LimitMessage,
  LimitSchema,
  type LimitSubject,
  type LimitUse,
  LimitUseSchema,
  type Rate as RateMessage,
} from "@stem/proto/stem/v1/limit_pb";
import { type GateLimit, type LimitKind, type LimitRef, type Rate, usualBurst } from "../../model/gate.ts";
import type { Namespace } from "../../model/ids.ts";
import { fieldInvalid } from "../../model/problem.ts";
import type { GateRef, GateStatus } from "../../ports/gate-store.ts";
import { pauseToProto } from "./queue.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";
import { durationMs } from "./time-fields.ts";

const kinds = { queue: "queue", taskName: "name", key: "key" } as const satisfies Record<string, LimitKind>;
const cases = { queue: "queue", name: "taskName", key: "key" } as const satisfies Record<LimitKind, string>;

/** Which limit a request means. */
export function limitRef(subject: LimitSubject | undefined, namespace: Namespace, field: string): LimitRef {
  const said = subject?.subject;
  if (said?.case === undefined) throw fieldInvalid(field, "must name a queue, a task's name or a key");
  return { namespace, kind: kinds[said.case], subject: said.value };
}

/** Which tasks a request pauses or resumes: those of a queue do not. */
export function gateRef(subject: LimitSubject | undefined, namespace: Namespace): GateRef {
  const { kind, ...ref } = limitRef(subject, namespace, "subject");
  if (kind === "queue") throw fieldInvalid("subject.queue", "must be a task's name or a limit key");
  return { ...ref, kind };
}

/** The limit that a request puts. */
export function limitFromProto(
  message: LimitMessage | undefined,
  namespace: Namespace,
): Omit<GateLimit, "updatedAt"> {
  const ref = limitRef(message?.subject, namespace, "limit.subject");
  return { ...ref, concurrency: message?.concurrency, rate: message?.rate && rateFromProto(message.rate) };
}

/** A limit as callers see it. */
export const limitToProto = ({
  kind,
  subject,
  concurrency,
  rate,
  pause,
  updatedAt,
}: GateLimit): LimitMessage =>
  create(LimitSchema, {
    subject: { subject: { case: cases[kind], value: subject } },
    ...(concurrency !== undefined && { concurrency }),
    ...(rate && { rate: { count: rate.count, period: durationFromMs(rate.periodMs), burst: rate.burst } }),
    updateTime: timestampFromInstant(updatedAt),
    ...(pause && { pause: pauseToProto(pause) }),
  });

/** What a limit does now. */
export const limitUse = ({ leased, waiting }: GateStatus): LimitUse =>
  create(LimitUseSchema, { leased: BigInt(leased), waiting: BigInt(waiting) });

function rateFromProto({ count, period, burst }: RateMessage): Rate {
  if (period === undefined) throw fieldInvalid("limit.rate.period", "must be set");
  const periodMs = durationMs(period);
  return { count, periodMs, burst: burst ?? usualBurst(count, periodMs) };
}
