/**
 * What a handler is, whichever stack carries the call: written once, typed from the generated service, knowing neither grpc-js nor
 * Connect. grpc/ and http/ each adapt these shapes, and translate a thrown StemProblem once.
 */

import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { Caller } from "./callers.ts";

/** What a handler may know of its call. */
export type CallContext = {
  /** Fully qualified, such as "stem.v1.TaskService/EnqueueTask". */
  readonly method: string;
  /** Aborts when the caller is gone or the deadline has passed. */
  readonly signal: AbortSignal;
  /** How long the caller says it waits, counted from when the handler was called; undefined: it does not say. */
  readonly timeoutMs: number | undefined;
  /** Names this call in logs and in errors that say no more. */
  readonly requestId: string;
  /** The caller's address. */
  readonly peer: string;
  /** Who calls, as far as anybody was asked. */
  readonly caller: Caller;
  /** The first value of a request header, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
};

/** A response that is encoded already, for hot paths. Carries the schema so that a stack that needs the message can decode it. */
export class Encoded<D extends DescMessage> {
  readonly schema: D;
  readonly bytes: Uint8Array;
  constructor(schema: D, bytes: Uint8Array) {
    this.schema = schema;
    this.bytes = bytes;
  }
}

/** What a handler may answer with. */
export type Outgoing<D extends DescMessage> = MessageShape<D> | Encoded<D>;

/** Handles a call with one request and one response. */
export type UnaryHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: CallContext,
) => Promise<Outgoing<O>>;

/** Handles a call with one request and a stream of responses; pulled only as fast as the caller reads. */
export type ServerStreamHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: CallContext,
) => AsyncIterable<Outgoing<O>>;

/** Handles a call with streams both ways; responses are pulled only as fast as the caller reads. */
export type BidiHandler<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageShape<I>>,
  context: CallContext,
) => AsyncIterable<Outgoing<O>>;

type HandlerOf<M extends DescMethod> = M extends { methodKind: "unary" }
  ? UnaryHandler<M["input"], M["output"]>
  : M extends { methodKind: "server_streaming" }
    ? ServerStreamHandler<M["input"], M["output"]>
    : M extends { methodKind: "bidi_streaming" }
      ? BidiHandler<M["input"], M["output"]>
      : never;

/** One handler for each method of a service: a method without one does not compile. */
export type Handlers<S extends DescService> = {
  readonly [K in keyof S["method"]]: HandlerOf<S["method"][K]>;
};

/** Any handler, as the adapters see it. */
export type AnyHandler =
  | UnaryHandler<DescMessage, DescMessage>
  | ServerStreamHandler<DescMessage, DescMessage>
  | BidiHandler<DescMessage, DescMessage>;

/** A service with its handlers, ready to be adapted. */
export type ServiceEntry = {
  readonly service: DescService;
  readonly handlers: Readonly<Record<string, AnyHandler>>;
};

/** Pairs a service with its handlers, type-checked. */
export const serve = <S extends DescService>(service: S, handlers: Handlers<S>): ServiceEntry => ({
  service,
  handlers: handlers as unknown as Readonly<Record<string, AnyHandler>>,
});

/** Wraps every handler call on both stacks: checks the request, measures, bounds. Throws StemProblem. */
export type Interceptor = (method: DescMethod, next: AnyHandler) => AnyHandler;
