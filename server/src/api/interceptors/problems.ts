/**
 * The one place where what a handler throws becomes what a caller is told. A problem is translated; anything else is a bug of ours:
 * the caller learns the request's id and nothing more, the log gets the cause. Errors thrown in the middle of a stream are no
 * different from errors thrown before it.
 */

import { create } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { StatusSchema } from "@stem/proto/google/rpc/status_pb";
import { StemProblem } from "../../model/problem.ts";
import type { Log } from "../../ports/log.ts";
import type { CallContext, Interceptor } from "../call.ts";
import { CallError, callError, problemError } from "../call-error.ts";
import { requestInfo } from "../problem-details.ts";
import { around } from "./around.ts";

/** Makes handlers throw nothing but CallError. Outermost, so that it sees what other interceptors throw, too. */
export const translateProblems = (log: Log): Interceptor =>
  around(
    (_method, next) => async (request, context) => {
      try {
        return await next(request, context);
      } catch (error) {
        throw translate(error, context, log);
      }
    },
    (_method, next) =>
      async function* (request, context) {
        try {
          yield* next(request, context);
        } catch (error) {
          throw translate(error, context, log);
        }
      },
  );

/** The error that a caller gets for whatever was thrown; a bug is logged here, once. */
export function translate(error: unknown, context: CallContext, log: Log): CallError {
  if (error instanceof CallError) return error;
  if (error instanceof StemProblem) return problemError(error.problem, error);
  const { requestId, method, peer, signal } = context;
  const facts = { err: error, method, requestId, peer };
  // Work that was broken off because its caller left fails in all sorts of ways, none of them worth an operator's time.
  if (signal.aborted) {
    log.debug(facts, "a call failed after its caller left");
    return callError(Code.CANCELLED, "the caller is gone");
  }
  log.error(facts, "a handler failed");
  return internalError(requestId, error);
}

/** What a caller is told about a bug: nothing but how to ask for it. */
export function internalError(requestId: string, cause: unknown): CallError {
  const details = [requestInfo(requestId)];
  return new CallError(create(StatusSchema, { code: Code.INTERNAL, message: "internal error", details }), {
    cause,
  });
}
