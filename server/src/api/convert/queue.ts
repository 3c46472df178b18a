import { create } from "@bufbuild/protobuf";
import { type Queue as QueueMessage, QueueSchema } from "@stem/proto/stem/v1/queue_pb";
import type { Instant } from "../../model/ids.ts";
import type { Queue } from "../../model/queue.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";

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
    ...(queue.oldestReadyAt !== undefined && {
      oldestReadyAge: durationFromMs(Math.max(0, now - queue.oldestReadyAt)),
    }),
    ...(queue.pause && {
      pause: { reason: queue.pause.reason, pauseTime: timestampFromInstant(queue.pause.at) },
    }),
  });
