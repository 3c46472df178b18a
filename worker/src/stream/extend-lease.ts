import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { LeaseVerdict } from "@stem/proto/stem/v1/lease_pb";
import { ExtendLeasesRequestSchema, type WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { type Clock, duration, problemFrom } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";

/** What extending needs. */
export type ExtendDeps = {
  readonly client: Client<typeof WorkerService>;
  readonly clock: Clock;
  readonly namespace: string | undefined;
  /** The server says that leases are over. */
  readonly onLost: (verdicts: readonly LeaseVerdict[]) => void;
  /** A lease has another deadline. */
  readonly watch: (time: number) => void;
};

const extensionMsMax = 3_600_000;
const callMsMax = 30_000;

/** Extends one lease by its own call, to `ms` from now; throws StemProblem when there was no answer. */
export async function extendLease(lease: HeldLease, ms: number, deps: ExtendDeps): Promise<void> {
  const request = create(ExtendLeasesRequestSchema, { leaseTokens: [lease.grant.leaseToken] });
  request.namespace = deps.namespace;
  request.duration = duration("ms", ms);
  const sentAt = deps.clock.now();
  const { leases } = await deps.client
    .extendLeases(request, { timeoutMs: callMsMax })
    .catch((error: unknown) => {
      throw problemFrom(error);
    });
  const lost = leases.filter(({ held }) => !held);
  if (lost.length > 0) deps.onLost(lost);
  else lease.extend(sentAt, Math.min(ms, extensionMsMax));
  deps.watch(lease.stopAt);
}
