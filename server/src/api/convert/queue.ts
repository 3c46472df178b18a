import { create } from "@bufbuild/protobuf";
import type { PauseTasksRequest } from "@stem/proto/stem/v1/limit_service_pb";
import {
  type PriorityDepth as PriorityDepthMessage,
  PriorityDepthSchema,
  type Queue as QueueMessage,
  type QueuePause as QueuePauseMessage,
  QueuePauseSchema,
  QueueSchema,
  type QueueSettings as QueueSettingsMessage,
  QueueSettingsSchema,
} from "@stem/proto/stem/v1/queue_pb";
import type { PauseQueueRequest, UpdateQueueRequest } from "@stem/proto/stem/v1/queue_service_pb";
import { type Instant, plus } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { PriorityDepth } from "../../model/priority-depth.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { type Queue, type QueuePause, type QueueSettings, unsaidSettings } from "../../model/queue.ts";
import { fieldsOf } from "./field-mask.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";
import { durationFault, durationMs, timestampFault, timestampInstant } from "./time-fields.ts";

/** A queue as callers see it at `now`. */
export const queueToProto = (queue: Queue, now: Instant): QueueMessage =>
  create(QueueSchema, {
    namespace: queue.namespace,
    name: queue.name,
    depth: {
      scheduled: BigInt(queue.depth.scheduled),
      ready: BigInt(queue.depth.ready),
      leased: BigInt(queue.depth.leased),
      succeeded: BigInt(queue.depth.succeeded),
      failed: BigInt(queue.depth.failed),
      cancelled: BigInt(queue.depth.cancelled),
      expired: BigInt(queue.depth.expired),
    },
    createTime: timestampFromInstant(queue.createdAt),
    settings: settingsToProto(queue.settings),
    revision: BigInt(queue.revision),
    deleting: queue.isDeleting,
    ...(queue.oldestReadyAt !== undefined && {
      oldestReadyAge: durationFromMs(Math.max(0, now - queue.oldestReadyAt)),
    }),
    ...(queue.pause && { pause: pauseToProto(queue.pause) }),
  });

/** How much is ready of one priority. */
export const priorityToProto = ({ priority, ready, isMore }: PriorityDepth): PriorityDepthMessage =>
  create(PriorityDepthSchema, { priority, ready: BigInt(ready), more: isMore });

/** A pause as callers see it. */
export const pauseToProto = ({ reason, at, by, resumeAt }: QueuePause): QueuePauseMessage =>
  create(QueuePauseSchema, {
    ...{ reason, pauseTime: timestampFromInstant(at), pausedBy: by ?? "" },
    ...(resumeAt !== undefined && { resumeTime: timestampFromInstant(resumeAt) }),
  });

const settingsToProto = ({ description, backlogMax, isClosed }: QueueSettings) =>
  create(QueueSettingsSchema, {
    description,
    closed: isClosed,
    ...(backlogMax !== undefined && { backlogMax: BigInt(backlogMax) }),
  });

/** What a request says of a queue; nothing: what is usual. */
export const settingsFromProto = (said: QueueSettingsMessage | undefined): QueueSettings =>
  said === undefined
    ? unsaidSettings
    : {
        description: said.description,
        backlogMax: said.backlogMax === undefined ? undefined : Number(said.backlogMax),
        isClosed: said.closed,
      };

/** How an update changes settings: in the fields that its mask names. FIELD_INVALID where that is wrong. */
export function settingsChange({ settings: said, updateMask }: UpdateQueueRequest) {
  const fields = fieldsOf(updateMask, ["description", "backlog_max", "closed"]);
  const next = settingsFromProto(said);
  return (settings: QueueSettings): QueueSettings => ({
    description: fields.has("description") ? next.description : settings.description,
    backlogMax: fields.has("backlog_max") ? next.backlogMax : settings.backlogMax,
    isClosed: fields.has("closed") ? next.isClosed : settings.isClosed,
  });
}

/** When a pause shall end by itself; undefined where it shall not. Throws where that is no time, over already, or too far ahead. */
export function resumeInstantOf(
  resume: (PauseQueueRequest | PauseTasksRequest)["resume"],
  { now, limits }: { readonly now: Instant; readonly limits: Limits },
): Instant | undefined {
  if (resume.case === undefined) return undefined;
  const isDelay = resume.case === "resumeAfter";
  const field = isDelay ? "resume_after" : "resume_time";
  const fault = isDelay ? durationFault(resume.value) : timestampFault(resume.value);
  if (fault !== undefined) throw fieldInvalid(field, fault);
  const at = isDelay ? plus(now, durationMs(resume.value)) : timestampInstant(resume.value);
  if (at > now && at - now <= limits.delayMsMax) return at;
  const description = `must be ahead, and by at most ${limits.delayMsMax} ms`;
  throw new StemProblem({ reason: "FIELD_OUT_OF_RANGE", violations: [{ field, description }] });
}
