/** What a worker says of itself: its queues, its traits, and how it is doing. */

import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  QueueBacklogSchema,
  QueueMode,
  type QueueSubscription,
  QueueSubscriptionSchema,
  type QueueBacklog as WireBacklog,
  type WorkerStats as WireStats,
  type Worker,
  WorkerSchema,
  WorkerStatsSchema,
} from "@stem/proto/stem/v1/worker_pb";
import type { Hello, Received } from "@stem/proto/stem/v1/worker_service_pb";
import type { QueueBacklog, WorkerView } from "../../broker/broker.ts";
import { queueNameOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { Subscription } from "../../model/queue-tier.ts";
import type { WorkerStats, WorkerTraits } from "../../model/worker.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";
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
  const { uptime, sinceConfirmed, load, host, cpus, running, waiting, slots } = stats;
  const { zombies, children, slotsMax } = stats;
  return {
    ...{ host, load, cpus, running, waiting, slots, zombies, children, slotsMax },
    held: new Map(Object.entries(stats.held)),
    pid: Number(stats.pid),
    uptimeMs: uptime && durationMs(uptime),
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

/** A worker, for who looks. */
export const workerToProto = ({ id, hello, paused, ...view }: WorkerView): Worker =>
  create(WorkerSchema, {
    id,
    namespace: hello.namespace,
    name: hello.worker,
    queues: hello.subscriptions.map(subscriptionToProto),
    pausedQueues: [...paused],
    broadcastChannels: [...hello.traits.broadcastChannels],
    slots: view.stats?.slots ?? hello.traits.slots,
    inFlight: view.inFlight,
    labels: Object.fromEntries(hello.traits.labels),
    capabilities: [...hello.traits.capabilities],
    sdk: hello.traits.sdk,
    ...(view.stats && { stats: statsToProto(view.stats) }),
    connectTime: timestampFromInstant(view.connectedAt),
    heardTime: timestampFromInstant(view.heardAt),
    connected: view.isConnected,
  });

function subscriptionToProto({ queue: name, mode, weight }: Subscription): QueueSubscription {
  if (mode === "weighted") return create(QueueSubscriptionSchema, { name, mode: QueueMode.WEIGHTED, weight });
  return create(QueueSubscriptionSchema, {
    name,
    mode: mode === "strict" ? QueueMode.STRICT : QueueMode.UNSPECIFIED,
  });
}

function statsToProto({ uptimeMs, sinceConfirmedMs, ...stats }: WorkerStats): WireStats {
  return create(WorkerStatsSchema, {
    ...stats,
    load: [...stats.load],
    held: Object.fromEntries(stats.held),
    pid: BigInt(stats.pid),
    memoryBytes: BigInt(stats.memoryBytes),
    memoryBytesMax: BigInt(stats.memoryBytesMax),
    started: BigInt(stats.started),
    succeeded: BigInt(stats.succeeded),
    failed: BigInt(stats.failed),
    ...(uptimeMs !== undefined && { uptime: durationFromMs(uptimeMs) }),
    ...(sinceConfirmedMs !== undefined && { sinceConfirmed: durationFromMs(sinceConfirmedMs) }),
  });
}

/** How much is ready in a queue. */
export const backlogToProto = ({ queue, ready }: QueueBacklog): WireBacklog =>
  create(QueueBacklogSchema, { queue, ready: BigInt(ready) });
