/** The routes on Connect's own router: Connect and gRPC-Web, in JSON and binary, from the handlers that serve gRPC, too. */

import { type DescMessage, type DescMethod, fromBinary, type Message } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  createConnectRouter,
  createContextKey,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Log } from "../../ports/log.ts";
import { type CallContext, Encoded, type Outgoing } from "../call.ts";
import { callError } from "../call-error.ts";
import { anybody, type Caller } from "../callers.ts";
import { isUnary, type Streaming, type Unary } from "../handler-kinds.ts";
import { translate } from "../interceptors/problems.ts";
import type { Route } from "../route.ts";
import { connectErrorOf, detailRegistry } from "./connect-errors.ts";

/** What the HTTP side knows of a call and Connect does not pass on. */
export type CallFacts = Pick<CallContext, "timeoutMs" | "requestId" | "peer"> & {
  /** Who calls; a problem where the call may not be made. */
  readonly caller: Caller | StemProblem;
};

/** Under this key the facts of a call travel through Connect. */
export const callFactsKey = createContextKey<CallFacts>({
  ...{ timeoutMs: undefined, requestId: "", peer: "" },
  caller: new StemProblem({ reason: "TOKEN_MISSING" }),
});

/** True under this key: the request was a message, so that what was wrong with it, if anything, has been said. */
export const wasDecodedKey = createContextKey<boolean>(false);

type ConnectDeps = { readonly routes: readonly Route[]; readonly limits: Limits; readonly log: Log };

/** One handler for each route. */
export function createConnectHandlers({ routes, limits, log }: ConnectDeps): readonly UniversalHandler[] {
  const router = createConnectRouter({
    // gRPC proper needs HTTP/2, and that is not where these handlers sit.
    grpc: false,
    // Requests are small and peers near; not taking compressed ones leaves no way to send a small body that grows.
    acceptCompression: [],
    // Errors inside messages carry their details as Any, which JSON spells out. A name that no field has is a typing error.
    jsonOptions: { registry: detailRegistry, ignoreUnknownFields: false },
    // Nothing reads unknown fields, and kept they are a hundred times their size.
    binaryOptions: { readUnknownFields: false },
    readMaxBytes: limits.messageBytesMax,
    writeMaxBytes: 0xffffffff,
  });
  for (const route of routes) addRoute(router, route, log);
  return router.handlers;
}

function addRoute(router: ConnectRouter, route: Route, log: Log): void {
  type Implementation = ServiceImpl<DescMethod["parent"]>[string];
  const implementation = isUnary(route.method) ? unary(route, log) : streaming(route, log);
  // The kind of the method fixes the kind of its handler; the compiler cannot see that from here.
  router.rpc(route.method as DescMethod & { methodKind: "unary" }, implementation as Implementation as never);
}

const unary = (route: Route, log: Log) => async (request: Message, handlerContext: HandlerContext) => {
  handlerContext.values.set(wasDecodedKey, true);
  const context = contextOf(route, handlerContext);
  try {
    checkCaller(handlerContext);
    return decoded(route.method.output, await (route.handler as Unary)(request, context));
  } catch (error) {
    throw connectErrorOf(translate(error, context, log));
  }
};

const streaming = (route: Route, log: Log) =>
  async function* (request: unknown, handlerContext: HandlerContext) {
    const context = contextOf(route, handlerContext);
    try {
      checkCaller(handlerContext);
      if (route.method.methodKind === "bidi_streaming")
        throw callError(Code.UNIMPLEMENTED, `${route.name} streams both ways and needs HTTP/2: use gRPC`);
      const responses = (route.handler as unknown as Streaming)(request as never, context);
      for await (const response of responses) yield decoded(route.method.output, response);
    } catch (error) {
      throw connectErrorOf(translate(error, context, log));
    }
  };

function contextOf(route: Route, { signal, requestHeader, values }: HandlerContext): CallContext {
  const { caller, ...facts } = values.get(callFactsKey);
  return {
    ...facts,
    caller: caller instanceof StemProblem ? anybody : caller,
    method: route.name,
    signal,
    header: (name) => requestHeader.get(name) ?? undefined,
  };
}

/** Whoever may not call was refused when the body was to be read; this is for calls without one. */
function checkCaller({ values }: HandlerContext): void {
  const { caller } = values.get(callFactsKey);
  if (caller instanceof StemProblem) throw caller;
}

const decoded = (schema: DescMessage, response: Outgoing<DescMessage>): Message =>
  response instanceof Encoded ? fromBinary(schema, response.bytes) : response;
