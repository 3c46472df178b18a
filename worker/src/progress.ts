import type { Progress } from "@stem/proto/stem/v1/task_pb";
import type { PayloadCodec, TaskProgress } from "@stem/sdk";
import { payloadToProto } from "@stem/sdk/internal";

// Beyond 4 KiB the server refuses a message; a text of this length never is.
const messageCharsMax = 1365;

/** A report for the wire; throws a RangeError when the percentage is none. */
export function progressToProto(
  { percent, message = "", data }: TaskProgress,
  codec: PayloadCodec,
): Progress {
  if (percent !== undefined && !(percent >= 0 && percent <= 100))
    throw new RangeError(`percent must be between 0 and 100; it is ${percent}`);
  return {
    $typeName: "stem.v1.Progress",
    percent,
    message: message.slice(0, messageCharsMax),
    data: payloadToProto(codec.encode(data)),
  };
}
