import { create, fromBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { ParentFailureSchema } from "@stem/proto/stem/v1/link_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { failureText, resultText } from "@stem/proto/wire/handed-args";
import type { HandedValue, NodeValue } from "../../model/canvas-value.ts";

/** JSON for what a barrier left; undefined where some of it is none. What is more than is handed by value is named instead. */
export function handedText({ canvas, barrier, size, value }: HandedValue): string | undefined {
  if (value !== undefined) return valueText(value);
  return JSON.stringify({ "stem.results": { canvasId: canvas, groupId: barrier, count: size } });
}

function valueText(value: NodeValue): string | undefined {
  switch (value.kind) {
    case "result":
      return resultText(value.data && fromBinary(PayloadSchema, value.data));
    case "failure": {
      const { task, name, attempt, reason, failure } = value.cause;
      return failureText(
        create(ParentFailureSchema, {
          ...{ taskId: task ?? "", taskName: name ?? "", attempt, reason: reason ?? "" },
          ...(failure && { failure: fromBinary(FailureSchema, failure) }),
        }),
      );
    }
    case "list": {
      const items = value.items.map(valueText);
      return items.includes(undefined) ? undefined : `[${items.join(",")}]`;
    }
  }
}
