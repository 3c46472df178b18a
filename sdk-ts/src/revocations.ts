import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import {
  type Revocation as ProtoRevocation,
  RevocationService,
} from "@stem/proto/stem/v1/revocation_service_pb";
import { allPages, type OperatorCalls } from "./operator-calls.ts";

/** An id that was revoked before its task came, and ends cancelled if it comes in time. */
export type Revocation = {
  readonly id: string;
  readonly reason: string;
  /** Who revoked it, as far as they said so. */
  readonly requester: string | undefined;
  readonly revokedAt: Date | undefined;
  /** Until when it is waited for. */
  readonly expiresAt: Date | undefined;
};

/** What operators do with ids that were revoked before they came. */
export interface Revocations {
  /** Those that are waited for, by id, read page by page as they are asked for. */
  listRevoked(): AsyncIterable<Revocation>;
  /** Takes revocations back, 1 to 1,000; answers the ids that were waited for. The others have come, are over, or were never revoked. */
  withdrawRevoked(ids: readonly string[]): Promise<readonly string[]>;
}

/** Makes them over one connection. */
export function createRevocations({ transport, inNamespace, timed, call }: OperatorCalls): Revocations {
  const service = createClient(RevocationService, transport);
  return {
    listRevoked: () =>
      allPages(
        (page) => call(() => service.listRevocations({ ...inNamespace, ...page }, timed)),
        ({ revocations }) => revocations.map(revocationFromProto),
      ),
    async withdrawRevoked(ids) {
      const request = { ...inNamespace, taskIds: [...ids] };
      return (await call(() => service.withdrawRevocations(request, timed))).withdrawnTaskIds;
    },
  };
}

const revocationFromProto = (revocation: ProtoRevocation): Revocation => ({
  ...{ id: revocation.taskId, reason: revocation.reason, requester: revocation.requester || undefined },
  revokedAt: revocation.revokeTime && timestampDate(revocation.revokeTime),
  expiresAt: revocation.expireTime && timestampDate(revocation.expireTime),
});
