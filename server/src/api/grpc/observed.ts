/**
 * Lets instrumentations see our calls. They watch a server by wrapping the handlers that are registered with grpc-js, and ours are taken
 * out below those (see grpc.ts). So each route has a handler there that does no more than to begin the call; where somebody has wrapped
 * it, calls begin through it and end by what it listens to. Where nobody has, it is never called, and costs nothing.
 */

import { EventEmitter } from "node:events";
import type { DescMethod } from "@bufbuild/protobuf";
import { type Metadata, type Server, status as statuses } from "@grpc/grpc-js";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Route } from "../route.ts";
import type { CallEnd } from "./status.ts";

/** One call, as whoever watches sees it. */
export type Watched = {
  /** Begins the call. */
  begin(start: () => void): void;
  /** It is over; said again it means nothing. */
  ended(status: CallEnd): void;
};

/** What grpc-js would hand to a handler, as far as instrumentations look. */
type SeenCall = EventEmitter & {
  readonly metadata: Metadata;
  readonly sendMetadata: () => void;
  begin(answer: Answer | undefined): void;
};
type Answer = (error: Error | null) => void;
type Wrapped = (call: SeenCall, answer?: Answer) => void;

/** The handler to register for every route. */
export const watchable: Wrapped = (call, answer) => call.begin(answer);

const unwatched: Watched = { begin: (start) => start(), ended: () => undefined };
const nothing = (): void => undefined;

/** How a route's calls are watched. */
export type Watch = (route: Route, metadata: Metadata) => Watched;

/** Finds out who watches the handlers of a server. */
export function createWatch(server: Server): Watch {
  // Its map of handlers is private, and what instrumentations write to.
  const handlers = server["handlers"] as unknown as ReadonlyMap<string, { readonly func: Wrapped }>;
  return ({ path, method }, metadata) => {
    const handler = handlers.get(path)?.func ?? watchable;
    if (handler === watchable) return unwatched;
    return hasOneAnswer(method) ? answered(handler, metadata) : streamed(handler, metadata);
  };
}

/** A method's kind in the words of grpc-js. */
export function kindOf({ methodKind }: DescMethod): string {
  const kinds = {
    ...{ unary: "unary", client_streaming: "clientStream" },
    ...{ server_streaming: "serverStream", bidi_streaming: "bidi" },
  };
  return kinds[methodKind];
}

const hasOneAnswer = ({ methodKind }: DescMethod): boolean =>
  methodKind === "unary" || methodKind === "client_streaming";

/** A call with one answer says its end to a callback. */
function answered(wrapped: Wrapped, metadata: Metadata): Watched {
  let answer: Answer | undefined;
  return {
    begin: (start) =>
      wrapped(
        seen(metadata, (given) => {
          answer = given;
          start();
        }),
        nothing,
      ),
    ended(status) {
      answer?.(status.code === Code.OK ? null : errorOf(status));
      answer = undefined;
    },
  };
}

/** A stream says its end by an event. */
function streamed(wrapped: Wrapped, metadata: Metadata): Watched {
  let call: SeenCall | undefined;
  return {
    begin(start) {
      call = seen(metadata, start);
      wrapped(call);
    },
    ended(status) {
      if (status.code === Code.OK) call?.emit("finish");
      else call?.emit("error", errorOf(status));
      call = undefined;
    },
  };
}

function seen(metadata: Metadata, begin: SeenCall["begin"]): SeenCall {
  const call = Object.assign(new EventEmitter(), { metadata, sendMetadata: nothing, begin });
  // An error that nobody listens to would be thrown.
  call.on("error", nothing);
  return call;
}

const errorOf = ({ code, details }: CallEnd): Error =>
  Object.assign(new Error(details), { code, name: statuses[code] });
