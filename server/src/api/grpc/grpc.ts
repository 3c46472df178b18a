/** gRPC over HTTP/2, by grpc-js: connections come in, routes are served. What grpc-js leaves open is bounded in admission.ts and grpc-call.ts. */

import type { Duplex } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import {
  type Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
} from "@grpc/grpc-js";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { type CallError, callError, problemError } from "../call-error.ts";
import type { Caller, Callers } from "../callers.ts";
import type { Route } from "../route.ts";
import { type Admission, acceptedEncodings, admit } from "./admission.ts";
import { divideStreams, type OtherStream } from "./divided.ts";
import { type AdmittedCall, GrpcCall, type GrpcCallDeps } from "./grpc-call.ts";
import { createWatch, kindOf, type Watch, watchable } from "./observed.ts";
import { createRequestReader } from "./request-reader.ts";
import { encodingStatus, statusOfCallError } from "./status.ts";
import {
  createGrpcStreams,
  cutMalformed,
  type GrpcStreams,
  refuseMediaType,
  type StreamNote,
  ticketHeader,
} from "./streams.ts";

/** What the stack needs. */
export type GrpcDeps = GrpcCallDeps & {
  readonly routes: readonly Route[];
  readonly nextRequestId: () => string;
  readonly callers: Callers;
  /** Takes what comes through TLS and is no gRPC. */
  readonly serveOther: (other: OtherStream) => void;
};

/** The HTTP/2 half of the port. */
export interface GrpcStack {
  /** Serves a connection that begins with the HTTP/2 preface. */
  serve(connection: Duplex): void;
  /** Tells every connection to go elsewhere; calls under way go on for `graceMs`, and are cut then. */
  drain(graceMs: number): void;
  /** Cuts everything. */
  close(): void;
}

// A dead peer is noticed within a quarter of a minute, well inside a default lease.
const keepaliveMs = 10_000;
const keepaliveTimeoutMs = 5000;

/** Makes the stack. */
export function createGrpcStack(deps: GrpcDeps): GrpcStack {
  const byPath = new Map(deps.routes.map((route) => [route.path, route]));
  const { limits, callers, serveOther } = deps;
  const streams = createGrpcStreams({
    isKnownPath: (path) => byPath.has(path),
    windowBytes: limits.connectionWindowBytes,
    onSession(session, { arrival: { isEncrypted } }) {
      if (!isEncrypted && !callers.areAsked) return;
      const noteOf = (ticket: string) => streams.look(ticket);
      divideStreams(session, { limits, noteOf, serveOther: isEncrypted ? serveOther : undefined });
    },
  });
  const server = new Server({
    "grpc.max_concurrent_streams": deps.limits.streamsPerConnectionMax,
    "grpc.max_receive_message_length": deps.limits.messageBytesMax,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    "grpc.enable_channelz": 0,
    interceptors: [
      ({ path }, wire) => {
        const route = byPath.get(path);
        return route
          ? new TakenCall(wire, () => answer(route, wire, { ...deps, streams, watch }))
          : new ServerInterceptingCall(wire);
      },
    ],
  });
  for (const route of deps.routes) register(server, route, deps.limits);
  const watch = createWatch(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    serve(connection) {
      // A peer that has ended its half can open no window for what is still to be sent.
      connection.once("end", () => connection.destroy());
      streams.adopt(connection, (adopted) => injector.injectConnection(adopted));
    },
    drain: (graceMs) => injector.drain(graceMs),
    close() {
      injector.destroy();
      server.forceShutdown();
      streams.close();
    },
  };
}

/** A call that never reaches grpc-js's own handlers: starting it starts ours. */
class TakenCall extends ServerInterceptingCall {
  readonly #start: () => void;
  constructor(wire: ServerInterceptingCallInterface, start: () => void) {
    super(wire);
    this.#start = start;
  }
  override start(): void {
    this.#start();
  }
}

type AnswerDeps = GrpcDeps & { readonly streams: GrpcStreams; readonly watch: Watch };

function answer(route: Route, wire: ServerInterceptingCallInterface, deps: AnswerDeps): void {
  let call: GrpcCall | undefined;
  wire.start({
    onReceiveMetadata(metadata) {
      const note = letIn({ route, wire, metadata }, deps);
      if (!note) return;
      const watched = deps.watch(route, metadata);
      const { ended } = watched;
      const begun = new GrpcCall(
        { route, wire, metadata, ...note, ended, requestId: deps.nextRequestId() },
        deps,
      );
      call = begun;
      watched.begin(() => begun.start());
    },
    onReceiveMessage: (message: Message | CallError) => call?.onMessage(message),
    onReceiveHalfClose: () => call?.onHalfClose(),
    onCancel: () => call?.onClose(),
  });
}

type Arrived = {
  readonly route: Route;
  readonly wire: ServerInterceptingCallInterface;
  readonly metadata: Metadata;
};

/** Lets a call in, or tells it why not. */
function letIn(
  { route, wire, metadata }: Arrived,
  { streams, limits, log, callers }: AnswerDeps,
): Pick<AdmittedCall, "note" | "timeoutMs" | "caller"> | undefined {
  const note = streams.redeem(metadata.get(ticketHeader)[0]?.toString());
  metadata.remove(ticketHeader);
  if (!note) {
    log.error({ method: route.name }, "a stream began without being noted");
    return void wire.sendStatus(statusOfCallError(callError(Code.INTERNAL, "internal error")));
  }
  const admission = admit(note, limits);
  if (admission.kind !== "admitted") return void turnAway(admission, wire, note);
  const caller = callerOf(route, note, callers);
  if (!(caller instanceof StemProblem)) return { note, timeoutMs: admission.timeoutMs, caller };
  return void wire.sendStatus(statusOfCallError(problemError(caller.problem)));
}

function callerOf({ method, name }: Route, note: StreamNote, callers: Callers): Caller | StemProblem {
  const { peer, arrival } = note.connection;
  return callers.identify({ method, name, peer, arrival, authorization: note.authorization });
}

function turnAway(
  admission: Exclude<Admission, { kind: "admitted" }>,
  wire: ServerInterceptingCallInterface,
  note: StreamNote,
): void {
  if (admission.kind === "malformed") cutMalformed(note);
  else if (admission.kind === "media_type") refuseMediaType(note);
  else if (admission.kind === "refused") wire.sendStatus(statusOfCallError(admission.error));
  else wire.sendStatus(encodingStatus(acceptedEncodings));
}

/** Tells grpc-js of a route. Responses come to it encoded. */
function register(server: Server, { path, method }: Route, limits: Limits): void {
  const encoded = (bytes: Buffer): Buffer => bytes;
  server.register(
    path,
    watchable as never,
    encoded,
    createRequestReader(method.input, limits),
    kindOf(method),
  );
}
