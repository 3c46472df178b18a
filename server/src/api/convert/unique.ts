/** Claims of unique keys, as callers see them. */

import { create } from "@bufbuild/protobuf";
import {
  type UniqueOutcome,
  UniqueOutcomeKind,
  UniqueOutcomeSchema,
} from "@stem/proto/stem/v1/task_service_pb";
import { type UniqueClaim as ClaimMessage, UniqueClaimSchema } from "@stem/proto/stem/v1/unique_service_pb";
import type { EnqueueVerdict } from "../../broker/broker.ts";
import type { UniqueClaim } from "../../model/unique.ts";
import { timestampFromInstant } from "./time.ts";

type UniqueVerdict = NonNullable<Extract<EnqueueVerdict, { kind: "stored" }>["unique"]>;

const kinds: Readonly<Record<UniqueVerdict["unique"], UniqueOutcomeKind>> = {
  kept: UniqueOutcomeKind.EXISTING,
  taken: UniqueOutcomeKind.EXISTING,
  updated: UniqueOutcomeKind.UPDATED,
  replaced: UniqueOutcomeKind.REPLACED,
};

/** What the unique key of a task came to. */
export const uniqueOutcome = ({ unique, holder }: UniqueVerdict): UniqueOutcome =>
  create(UniqueOutcomeSchema, { kind: kinds[unique], holderTaskId: holder });

/** A claim as a message. */
export const claimToProto = ({ key, taskId, claimedAt, freeAt, duplicates }: UniqueClaim): ClaimMessage =>
  create(UniqueClaimSchema, {
    ...{ key, taskId },
    claimTime: timestampFromInstant(claimedAt),
    ...(freeAt !== undefined && { freeTime: timestampFromInstant(freeAt) }),
    duplicates: BigInt(duplicates),
  });
