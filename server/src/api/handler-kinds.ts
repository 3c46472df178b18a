import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { CallContext, Outgoing, UnaryHandler } from "./call.ts";

/** A handler of any method with one response. */
export type Unary = UnaryHandler<DescMessage, DescMessage>;
/** A handler of any method with a stream of responses, whichever way it is asked. */
export type Streaming = (request: never, context: CallContext) => AsyncIterable<Outgoing<DescMessage>>;

/** True when a method has one response, and therefore a handler that answers with a promise. */
export const isUnary = (method: DescMethod): boolean => method.methodKind === "unary";

/** True when a method has one request, which a handler gets as it is; else it gets an iterable of them. */
export const hasOneRequest = (method: DescMethod): boolean =>
  method.methodKind === "unary" || method.methodKind === "server_streaming";
