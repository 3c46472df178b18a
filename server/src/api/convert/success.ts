import type { Succeeded } from "@stem/proto/stem/v1/lease_pb";
import type { SaidOutcome } from "../../broker/broker.ts";
import type { Namespace } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import type { GrowthReader } from "./canvas-growth.ts";
import { isProblem } from "./checked.ts";
import { type PayloadPlace, readPayload, writePayload } from "./payload.ts";
import { createScratch } from "./scratch.ts";

type Success = Extract<SaidOutcome, { kind: "succeeded" }>;

/** Answers what a handler returned, and added to its group; or what is wrong with it. */
export type SuccessReader = (succeeded: Succeeded, namespace: Namespace) => Success | Problem;

const nothing: Success = { kind: "succeeded", result: undefined };

/** Makes it; one for a server, because it reuses a buffer. */
export function createSuccessReader(limits: Limits, growth: GrowthReader): SuccessReader {
  const encode = createScratch();
  const place: PayloadPlace = {
    field: "succeeded.result",
    bytesMax: limits.resultBytesMax,
    tooLarge: "RESULT_TOO_LARGE",
  };

  function readResult({ result }: Succeeded): Success | Problem {
    if (!result) return nothing;
    const read = readPayload(result, place, limits);
    if (isProblem(read)) return read;
    return { kind: "succeeded", result: encode((writer) => writePayload(writer, read)) };
  }

  return (succeeded, namespace) => {
    const read = readResult(succeeded);
    const { newMembers } = succeeded;
    if (isProblem(read) || newMembers.length === 0) return read;
    const wish = growth.members(newMembers, namespace);
    return isProblem(wish) ? wish : { kind: "succeeded", result: read.result, wish };
  };
}
