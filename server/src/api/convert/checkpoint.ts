/** What attempts leave for their successors, on its way in; and what became of it. */

import { create, toBinary } from "@bufbuild/protobuf";
import {
  type CheckpointVerdict,
  CheckpointVerdictSchema,
  type TaskCheckpoint,
} from "@stem/proto/stem/v1/checkpoint_pb";
import { type Payload, PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import type { TokenCheckpoint, TokenCheckpointVerdict } from "../../broker/broker.ts";
import type { Bytes } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { type Problem, StemProblem } from "../../model/problem.ts";
import { isProblem, under } from "./checked.ts";
import { lostReasonToProto } from "./lease-verdict.ts";
import { readPayload } from "./payload.ts";

/** A checkpoint as it is kept, encoded; or what is wrong with it. `field` is its path. */
export function readCheckpoint(payload: Payload, field: string, limits: Limits): Bytes | Problem {
  const place = { field, bytesMax: limits.checkpointBytesMax, tooLarge: "PAYLOAD_TOO_LARGE" } as const;
  const read = readPayload(payload, place, limits);
  return isProblem(read) ? read : toBinary(PayloadSchema, read, { writeUnknownFields: false });
}

/** Checkpoints by the tokens of their leases; `field` is the path of their list. One without data leaves nothing. Throws what is wrong with any. */
export function readCheckpoints(
  items: readonly TaskCheckpoint[],
  field: string,
  limits: Limits,
): readonly TokenCheckpoint[] {
  const itemsMax = limits.batchTasksMax;
  if (items.length > itemsMax)
    throw new StemProblem({ reason: "BATCH_TOO_LARGE", field, items: items.length, itemsMax });
  return items.flatMap(({ leaseToken, data }, index) => {
    if (data === undefined) return [];
    const read = readCheckpoint(data, "data", limits);
    if (isProblem(read)) throw new StemProblem(under(read, `${field}[${index}].`));
    return [{ token: leaseToken, data: read }];
  });
}

/** What became of a checkpoint. */
export const checkpointVerdictToProto = (verdict: TokenCheckpointVerdict): CheckpointVerdict =>
  create(
    CheckpointVerdictSchema,
    verdict === "saved" ? { saved: true } : { lostReason: lostReasonToProto(verdict) },
  );
