/** Refusals in a form that one comparison can judge: the code, the reason, and the fields that are named. */

import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import type { Status } from "@stem/proto/google/rpc/status_pb";
import { failure } from "../../support/wire-transports.ts";

/** Why something was refused. `fields` are the paths in BadRequest, sorted. */
export type Refusal = {
  readonly code: Code;
  readonly reason: string | undefined;
  readonly fields: readonly string[];
};

/** The refusal, and the sentence that came with it. */
export type SeenRefusal = Refusal & { readonly text: string };

/** A field has a value that it may not have. */
export const invalid = (...fields: readonly string[]): Refusal => ({
  code: Code.InvalidArgument,
  reason: "FIELD_INVALID",
  fields: fields.toSorted(),
});

/** A field is outside a range that moves. */
export const outOfRange = (...fields: readonly string[]): Refusal => ({
  code: Code.OutOfRange,
  reason: "FIELD_OUT_OF_RANGE",
  fields: fields.toSorted(),
});

/** A size is beyond its bound. */
export const tooLarge = (reason: string, ...fields: readonly string[]): Refusal => ({
  code: Code.ResourceExhausted,
  reason,
  fields: fields.toSorted(),
});

/** Any other problem of ours: it names no field. */
export const refused = (code: Code, reason: string): Refusal => ({ code, reason, fields: [] });

/** Bytes that are no message: what gRPC prescribes, in gRPC's words. */
export const undecodable: Refusal = { code: Code.Internal, reason: undefined, fields: [] };

/** What a call was refused with; fails the test when it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<SeenRefusal> {
  const error = await failure(call);
  return {
    code: error.code,
    reason: error.findDetails(ErrorInfoSchema)[0]?.reason,
    fields: error
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field))
      .toSorted(),
    text: error.rawMessage,
  };
}

/** An answer whose items have their own errors, as the call that its first error would have been. */
export async function orError<Answer>(
  call: Promise<Answer>,
  errorsOf: (answer: Answer) => readonly (Status | undefined)[],
): Promise<Answer> {
  const answer = await call;
  const status = errorsOf(answer).find((error) => error !== undefined);
  if (status) throw thrown(status);
  return answer;
}

function thrown({ code, message, details }: Status): ConnectError {
  const error = new ConnectError(message, code as Code);
  for (const { typeUrl, value } of details)
    error.details.push({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value });
  return error;
}
