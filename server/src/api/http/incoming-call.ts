/** A request as it comes from Node, as a call for Connect: with its caller, its time limit and a guarded body. */

import { createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import { StemProblem } from "../../model/problem.ts";
import { arrivalOf } from "../arrival.ts";
import { authorizationIn, type Caller } from "../callers.ts";
import { timeoutHeaderMs } from "../grpc/timeout-header.ts";
import { peerOf } from "../peer.ts";
import { callFactsKey } from "./connect-handlers.ts";
import { guardedBody, refusedBody } from "./guarded-body.ts";
import type { HttpDeps } from "./http-deps.ts";
import type { NodeRequest, NodeResponse } from "./node-call.ts";

/** A request as Connect takes it; undefined when its Host is no host. */
export function callOf(
  handler: UniversalHandler,
  request: NodeRequest,
  response: NodeResponse,
  { limits, nextRequestId, callers }: HttpDeps,
): UniversalServerRequest | undefined {
  const timeoutMs = takeTimeout(request);
  const values = createContextValues();
  const caller = callerOf(handler, request, callers);
  values.set(callFactsKey, { timeoutMs, requestId: nextRequestId(), peer: peerOf(request.socket), caller });
  try {
    const call = universalRequestFromNodeRequest(request, response, undefined, values);
    return {
      ...call,
      // Connect answers bidi calls on HTTP/1.1 with a bare 505; ours says what to do instead, in the caller's own protocol.
      httpVersion: handler.method.methodKind === "bidi_streaming" ? "2.0" : call.httpVersion,
      body:
        caller instanceof StemProblem ? refusedBody(caller) : guardedBody(call, handler.method.input, limits),
    };
  } catch {
    return undefined;
  }
}

function callerOf(
  { method, requestPath }: UniversalHandler,
  request: NodeRequest,
  callers: HttpDeps["callers"],
): Caller | StemProblem {
  return callers.identify({
    ...{ method, name: requestPath.slice(1), peer: peerOf(request.socket) },
    arrival: arrivalOf("stream" in request ? request.stream : request.socket),
    authorization: callers.areAsked ? authorizationIn(request.rawHeaders) : undefined,
  });
}

/** Takes the caller's time limit out of the headers, because Connect's own timers overflow on large ones; a malformed one stays. */
function takeTimeout({ headers }: NodeRequest): number | undefined {
  const connect = headers["connect-timeout-ms"];
  if (typeof connect === "string" && /^\d{1,10}$/.test(connect)) {
    delete headers["connect-timeout-ms"];
    return Number(connect);
  }
  const grpc = headers["grpc-timeout"];
  const ms = typeof grpc === "string" ? timeoutHeaderMs(grpc) : undefined;
  if (ms !== undefined) delete headers["grpc-timeout"];
  return ms;
}
