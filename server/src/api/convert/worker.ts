/** What a worker says of itself: its queues, its traits, and how it is doing. */

import { create } from "@bufbuild/protobuf";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  QueueBacklogSchema,
  QueueMode,
  type QueueSubscription,
  type QueueBacklog as WireBacklog,
  type WorkerStats as WireStats,
  WorkerStatsSchema,
} from "@stem/proto/stem/v1/worker_pb";
import type { Hello, Received } from "@stem/proto/stem/v1/worker_service_pb";
import type { QueueBacklog } from "../../broker/broker.ts";
import { instantOf, queueNameOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { Subscription } from "../../model/queue-tier.ts";
import type { WorkerStats, WorkerTraits } from "../../model/worker.ts";
import { violationsOf } from "./violations.ts";

const modes: { readonly [M in QueueMode]: Subscription["mode"] } = {
  [QueueMode.UNSPECIFIED]: "merged",
  [QueueMode.STRICT]: "strict",
  [QueueMode.WEIGHTED]: "weighted",
};

/** The queues of a greeting whose rules hold. Throws where one is named twice, or has a weight that would mean nothing. */
export function subscriptionsOf(queues: readonly QueueSubscription[]): readonly Subscription[] {
  const names = new Set<string>();
  return queues.map(({ name, mode, weight }, at) => {
    if (names.has(name))
      throw fieldInvalid(`hello.queues[${at}].name`, "must not be a queue that is listed before");
    names.add(name);
    if (weight !== undefined && mode !== QueueMode.WEIGHTED)
      throw fieldInvalid(`hello.queues[${at}].weight`, "must be left out, unless the mode is weighted");
    return { queue: queueNameOf(name), mode: modes[mode] ?? "merged", weight: weight ?? 1 };
  });
}

/** What a greeting says of its worker. */
export const traitsOf = ({ slots, sdk, capabilities, labels, broadcastChannels }: Hello): WorkerTraits => ({
  slots,
  sdk,
  capabilities: new Set(capabilities),
  labels: new Map(Object.entries(labels)),
  broadcastChannels,
});

/** How a worker says that it is doing. Throws what is wrong with it. */
export function readStats(stats: WireStats): WorkerStats {
  const violations = violationsOf(WorkerStatsSchema, stats, "heartbeat.stats.");
  if (violations.length > 0) throw new StemProblem({ reason: "FIELD_INVALID", violations });
  const { startedTime, sinceConfirmed, load, host, cpus, running, waiting, slots } = stats;
  return {
    ...{ host, load, cpus, running, waiting, slots },
    pid: Number(stats.pid),
    startedAt: startedTime && instantOf(timestampMs(startedTime)),
    memoryBytes: Number(stats.memoryBytes),
    memoryBytesMax: Number(stats.memoryBytesMax),
    started: Number(stats.started),
    succeeded: Number(stats.succeeded),
    failed: Number(stats.failed),
    sinceConfirmedMs: sinceConfirmed && durationMs(sinceConfirmed),
  };
}

/** Grants that arrived, by number. Throws what is wrong with the frame. */
export function readReceived({ ranges }: Received, { receivedRangesMax }: Limits) {
  if (ranges.length > receivedRangesMax)
    throw new StemProblem({
      reason: "BATCH_TOO_LARGE",
      field: "received.ranges",
      items: ranges.length,
      itemsMax: receivedRangesMax,
    });
  return ranges.map(({ firstSeq, lastSeq }, at) => {
    if (firstSeq < 1n) throw fieldInvalid(`received.ranges[${at}].first_seq`, "must be 1 or more");
    if (lastSeq < firstSeq)
      throw fieldInvalid(`received.ranges[${at}].last_seq`, "must not be below first_seq");
    return { first: Number(firstSeq), last: Number(lastSeq) };
  });
}

/** How much is ready in a queue. */
export const backlogToProto = ({ queue, ready }: QueueBacklog): WireBacklog =>
  create(QueueBacklogSchema, { queue, ready: BigInt(ready) });
