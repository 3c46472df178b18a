import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import type { UniqueClaim as ProtoClaim } from "@stem/proto/stem/v1/unique_service_pb";
import { UniqueService } from "@stem/proto/stem/v1/unique_service_pb";
import { allPages, type OperatorCalls } from "./operator-calls.ts";

/** A unique key that a task has claimed. */
export type UniqueClaim = {
  /** As the producer gave it, or "sha256:" and a digest of what counts. */
  readonly key: string;
  /** The task that has it. */
  readonly taskId: string;
  readonly claimedAt: Date | undefined;
  /** When it ends; undefined while its task holds it. */
  readonly freeAt: Date | undefined;
  /** How many tasks were not made, or took over this one, because of it. */
  readonly duplicates: number;
};

/** Who has claimed which unique key. To free one, cancel its task. */
export interface UniqueClaims {
  /** Who has a key; undefined while it is free. */
  get(key: string): Promise<UniqueClaim | undefined>;
  /** All claims by key, read page by page as they are asked for. */
  list(): AsyncIterable<UniqueClaim>;
}

/** Makes them over one connection. */
export function createUniqueClaims({ transport, inNamespace, timed, call }: OperatorCalls): UniqueClaims {
  const service = createClient(UniqueService, transport);
  return {
    async get(key) {
      const { claim } = await call(() => service.getUniqueClaim({ ...inNamespace, key }, timed));
      return claim && claimFromProto(claim);
    },
    list: () =>
      allPages(
        (page) => call(() => service.listUniqueClaims({ ...inNamespace, ...page }, timed)),
        ({ claims }) => claims.map(claimFromProto),
      ),
  };
}

const claimFromProto = ({ key, taskId, claimTime, freeTime, duplicates }: ProtoClaim): UniqueClaim => ({
  ...{ key, taskId, duplicates: Number(duplicates) },
  claimedAt: claimTime && timestampDate(claimTime),
  freeAt: freeTime && timestampDate(freeTime),
});
