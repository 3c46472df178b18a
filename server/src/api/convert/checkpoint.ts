/** What attempts leave for their successors, on its way in. */

import { toBinary } from "@bufbuild/protobuf";
import { type Payload, PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import type { Bytes } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import { isProblem } from "./checked.ts";
import { readPayload } from "./payload.ts";

/** A checkpoint as it is kept, encoded; or what is wrong with it. `field` is its path. */
export function readCheckpoint(payload: Payload, field: string, limits: Limits): Bytes | Problem {
  const place = { field, bytesMax: limits.checkpointBytesMax, tooLarge: "PAYLOAD_TOO_LARGE" } as const;
  const read = readPayload(payload, place, limits);
  return isProblem(read) ? read : toBinary(PayloadSchema, read, { writeUnknownFields: false });
}
