/** Progress on its way in. */

import { toBinary } from "@bufbuild/protobuf";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import type { TaskProgress } from "@stem/proto/stem/v1/worker_service_pb";
import type { Progress } from "../../broker/broker.ts";
import type { Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import { invalid, isProblem } from "./checked.ts";
import { type PayloadPlace, readOptionalPayload } from "./payload.ts";

const percentMax = 100;
const messageBytesMax = 4096;

/** How far one attempt has come, or what is wrong with what its worker says, its paths beginning there. */
export function readProgress(
  { progress }: Pick<TaskProgress, "progress">,
  limits: Limits,
): Progress | Problem {
  const percent = progress?.percent;
  const message = progress?.message ?? "";
  // Written so that NaN is outside.
  if (percent !== undefined && !(percent >= 0 && percent <= percentMax))
    return invalid("progress.percent", `must be 0 to ${percentMax}`);
  if (Buffer.byteLength(message) > messageBytesMax)
    return invalid("progress.message", `must have at most ${messageBytesMax} bytes`);
  const data = readOptionalPayload(progress?.data, placeOf(limits), limits);
  if (data && isProblem(data)) return data;
  return { percent, message, data: data && toBinary(PayloadSchema, data, { writeUnknownFields: false }) };
}

const placeOf = (limits: Limits): PayloadPlace => ({
  field: "progress.data",
  bytesMax: limits.progressDataBytesMax,
  tooLarge: "PAYLOAD_TOO_LARGE",
});
