/** The worker's verbs without a stream: a shell with grpcurl is a worker. */

import { create } from "@bufbuild/protobuf";
import {
  type SaveCheckpointsRequest,
  type SaveCheckpointsResponse,
  SaveCheckpointsResponseSchema,
} from "@stem/proto/stem/v1/checkpoint_pb";
import {
  type ExtendLeasesRequest,
  type ExtendLeasesResponse,
  ExtendLeasesResponseSchema,
  type LeaseTasksRequest,
  LeaseTasksResponseSchema,
  type SettleTasksRequest,
  type SettleTasksResponse,
  SettleTasksResponseSchema,
} from "@stem/proto/stem/v1/worker_service_pb";
import type { Lease } from "../../broker/broker.ts";
import { type Namespace, queueNameOf } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { Encoded } from "../call.ts";
import { checkpointVerdictToProto, readCheckpoints } from "../convert/checkpoint.ts";
import { encodeLeaseTasksResponse, grantsThatFit } from "../convert/grant.ts";
import { leaseVerdictToProto } from "../convert/lease-verdict.ts";
import { readSettlementBatch, settledTasks } from "../convert/settlement-batch.ts";
import { durationFault, durationMs } from "../convert/time-fields.ts";
import type { StreamDeps } from "./stream-parts.ts";

/** The worker's verbs, one call at a time. */
export interface UnaryLeases {
  lease(request: LeaseTasksRequest, signal: AbortSignal): Promise<Encoded<typeof LeaseTasksResponseSchema>>;
  settle(request: SettleTasksRequest): Promise<SettleTasksResponse>;
  extend(request: ExtendLeasesRequest): Promise<ExtendLeasesResponse>;
  saveCheckpoints(request: SaveCheckpointsRequest): Promise<SaveCheckpointsResponse>;
}

/** Who leases without saying who it is. */
const namelessWorker = "unary";

/** Makes the verbs. */
export function createUnaryLeases(deps: StreamDeps): UnaryLeases {
  const { broker, limits, defaults, namespaces, log, encode } = deps;

  /** What does not fit into the answer goes back at once, free of charge. */
  async function giveBack(namespace: Namespace, leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return;
    try {
      await broker.settle(
        namespace,
        leases.map(({ token }) => ({ token, outcome: { kind: "released", unstarted: true } })),
      );
    } catch (error) {
      log.warn({ err: error, leases: leases.length }, "could not give leases back; they will expire");
    }
  }

  return {
    async lease({ namespace: requested, queues, maxTasks, worker, wait, labels }, signal) {
      const namespace = namespaces(requested);
      const fault = wait && durationFault(wait);
      if (fault) throw fieldInvalid("wait", fault);
      const want = {
        namespace,
        queues: queues.map(queueNameOf),
        limit: Math.min(maxTasks || 1, limits.leasedTasksMax),
        worker: worker || namelessWorker,
        labels: Object.keys(labels).length > 0 ? labels : undefined,
        waitMs: wait ? Math.min(durationMs(wait), limits.leaseWaitMsMax) : 0,
      };
      const { leases, waitedMs } = await broker.lease(want, signal);
      const count = grantsThatFit(leases, limits.frameBytesMax);
      await giveBack(namespace, leases.slice(count));
      return new Encoded(
        LeaseTasksResponseSchema,
        encodeLeaseTasksResponse(encode, {
          leases: leases.slice(0, count),
          leaseMs: defaults.leaseMs,
          waitedMs,
        }),
      );
    },

    async settle({ namespace: requested, settlements }) {
      const namespace = namespaces(requested, "ending");
      if (settlements.length === 0)
        throw fieldInvalid("settlements", `must have 1 to ${limits.batchTasksMax} items`);
      const reading = { path: "settlements", read: deps.readSettlement, limits, namespace };
      const batch = readSettlementBatch(settlements, reading);
      const verdicts = batch.settlements.length > 0 ? await broker.settle(namespace, batch.settlements) : [];
      return create(SettleTasksResponseSchema, { results: settledTasks(batch, verdicts) });
    },

    async extend({ namespace: requested, leaseTokens, duration }) {
      const namespace = namespaces(requested, "ending");
      const itemsMax = limits.batchTasksMax;
      if (leaseTokens.length > itemsMax)
        throw new StemProblem({
          reason: "BATCH_TOO_LARGE",
          field: "lease_tokens",
          items: leaseTokens.length,
          itemsMax,
        });
      const fault = duration && durationFault(duration);
      if (fault) throw fieldInvalid("duration", fault);
      const leaseMs = duration && Math.min(durationMs(duration), limits.leaseMsMax);
      const verdicts = await broker.extend(namespace, leaseTokens, leaseMs);
      return create(ExtendLeasesResponseSchema, { leases: verdicts.map(leaseVerdictToProto) });
    },

    async saveCheckpoints({ namespace: requested, checkpoints }) {
      const namespace = namespaces(requested);
      const gap = checkpoints.findIndex(({ data }) => data === undefined);
      if (gap >= 0) throw fieldInvalid(`checkpoints[${gap}].data`, "must be given");
      const read = readCheckpoints(checkpoints, "checkpoints", limits);
      const verdicts = await broker.saveCheckpoints(namespace, read);
      return create(SaveCheckpointsResponseSchema, { verdicts: verdicts.map(checkpointVerdictToProto) });
    },
  };
}
