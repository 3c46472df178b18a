/**
 * One gRPC call. grpc-js hands it over where its interceptors sit, below its own stream objects: there, every read is asked for and
 * every write reports when it left, so that a handler is pulled exactly as fast as its caller reads, and reads exactly as fast as it
 * works. Whatever happens, one call ends and nothing else does.
 */

import type { Message } from "@bufbuild/protobuf";
import type { Metadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { CallContext } from "../call.ts";
import { CallError, callError, problemError } from "../call-error.ts";
import { hasOneRequest, isUnary, type Streaming, type Unary } from "../handler-kinds.ts";
import { translate } from "../interceptors/problems.ts";
import type { Route } from "../route.ts";
import { createIncoming, type Incoming } from "./incoming.ts";
import { createOutgoing, type Outgoing } from "./outgoing.ts";
import { type CallEnd, type GrpcStatus, okStatus, statusOfCallError } from "./status.ts";
import { cutStalled, type StreamNote } from "./streams.ts";

/** What every call of a server shares. */
export type GrpcCallDeps = {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
};

/** A call that was let in. */
export type AdmittedCall = {
  readonly route: Route;
  readonly wire: ServerInterceptingCallInterface;
  readonly note: StreamNote;
  readonly metadata: Metadata;
  readonly requestId: string;
  readonly caller: CallContext["caller"];
  /** How long the caller waits; undefined: it does not say. */
  readonly timeoutMs: number | undefined;
  /** Hears how the call ended; it may be told twice. */
  readonly ended: (status: CallEnd) => void;
};

/** Serves one admitted call; what the wire reports comes in through the `on…` methods, in whatever order the caller likes. */
export class GrpcCall {
  readonly #call: AdmittedCall;
  readonly #deps: GrpcCallDeps;
  readonly #hasOneRequest: boolean;
  readonly #startedAt: number;
  readonly #gone = new AbortController();
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  #request: Message | undefined;
  #cancelRequestTimer: (() => void) | undefined;
  /** True once the status is on its way, or the caller is gone: nothing more is said. */
  #over = false;

  constructor(call: AdmittedCall, deps: GrpcCallDeps) {
    this.#call = call;
    this.#deps = deps;
    this.#hasOneRequest = hasOneRequest(call.route.method);
    this.#startedAt = deps.clock.now();
    this.#incoming = createIncoming(() => call.wire.startRead());
    this.#outgoing = createOutgoing({
      schema: call.route.method.output,
      clock: deps.clock,
      write: (bytes, left) => call.wire.sendMessage(bytes, left),
      onStalled: () => this.#cutStalled(),
      stalledMsMax: this.#stalledMsMax(),
    });
  }

  /** Begins: with the handler, or with waiting for the one request that it takes. */
  start(): void {
    if (!this.#hasOneRequest) return void this.#serve(this.#incoming.messages);
    const limitMs = Math.min(this.#call.timeoutMs ?? Number.POSITIVE_INFINITY, this.#deps.limits.unaryMsMax);
    this.#cancelRequestTimer = this.#deps.clock.after(limitMs, () =>
      this.#fail(problemError({ reason: "DEADLINE_EXCEEDED", limitMs: Math.round(limitMs) })),
    );
    this.#call.wire.startRead();
  }

  /** A message came, or what the call ends with because it cannot be taken. */
  onMessage(message: Message | CallError): void {
    if (message instanceof CallError) {
      this.#refuse(message);
    } else if (!this.#hasOneRequest) {
      this.#incoming.push(message);
    } else if (this.#request) {
      this.#fail(callError(Code.UNIMPLEMENTED, "a second request came; one is allowed"));
    } else {
      this.#request = message;
      this.#call.wire.startRead();
    }
  }

  onHalfClose(): void {
    this.#cancelRequestTimer?.();
    if (!this.#hasOneRequest) {
      this.#incoming.end();
    } else if (!this.#request) {
      this.#fail(callError(Code.UNIMPLEMENTED, "no request came; one is needed"));
    } else if (!this.#over) {
      void this.#serve(this.#request);
    }
  }

  /** The caller is gone, or has had its status. */
  onClose(): void {
    this.#over = true;
    this.#call.ended({ code: Code.CANCELLED, details: "the caller is gone" });
    this.#cancelRequestTimer?.();
    this.#outgoing.close();
    this.#incoming.end();
    this.#gone.abort();
  }

  /** Runs the handler and ends the call; never rejects. */
  async #serve(request: Message | AsyncIterable<Message>): Promise<void> {
    const { route } = this.#call;
    const context = this.#context();
    try {
      if (isUnary(route.method)) {
        this.#send(await (route.handler as Unary)(request as Message, context));
      } else {
        await this.#pump((route.handler as unknown as Streaming)(request as never, context));
      }
      this.#finish(okStatus);
    } catch (error) {
      if (!this.#over) this.#fail(translate(error, context, this.#deps.log));
    }
  }

  /** Sends what the handler says, and asks it for more only when the caller has taken enough of it. */
  async #pump(responses: ReturnType<Streaming>): Promise<void> {
    const iterator = responses[Symbol.asyncIterator]();
    // Also while the handler is being waited for: it may be waiting itself, for something that will not come.
    const stop = (): void => void iterator.return?.().catch(() => undefined);
    this.#gone.signal.addEventListener("abort", stop);
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
      this.#send(step.value);
      await this.#outgoing.writable();
    }
  }

  #context(): CallContext {
    const { route, metadata, note, requestId, timeoutMs, caller } = this.#call;
    const waitedMs = this.#deps.clock.now() - this.#startedAt;
    return {
      method: route.name,
      signal: this.#gone.signal,
      timeoutMs: timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - waitedMs),
      requestId,
      peer: note.connection.peer,
      caller,
      header: (name) => metadata.get(name).find((value) => typeof value === "string"),
    };
  }

  #send(message: Parameters<Outgoing["send"]>[0]): void {
    if (!this.#over) this.#outgoing.send(message);
  }

  /** Ends a call that its handler may be serving already; what it still has to say goes nowhere. */
  #refuse(error: CallError): void {
    this.#fail(error);
    this.#gone.abort();
  }

  #fail(error: CallError): void {
    this.#finish(statusOfCallError(error));
  }

  #finish(status: GrpcStatus): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelRequestTimer?.();
    // A handler that is done may still have a loop that reads.
    this.#incoming.end();
    this.#call.wire.sendStatus(status);
    this.#call.ended(status);
  }

  /** An unread unary answer is kept no longer than its caller said it would wait, or may. */
  #stalledMsMax(): number {
    const { unaryMsMax, streamStalledMsMax } = this.#deps.limits;
    if (!isUnary(this.#call.route.method)) return streamStalledMsMax;
    return Math.min(this.#call.timeoutMs ?? Number.POSITIVE_INFINITY, unaryMsMax);
  }

  #cutStalled(): void {
    const { route, note, requestId } = this.#call;
    const stalledMs = this.#stalledMsMax();
    const facts = { method: route.name, peer: note.connection.peer, requestId, stalledMs };
    this.#deps.log.warn(facts, "a caller stopped reading; its call was cut");
    this.#over = true;
    this.#call.ended({ code: Code.RESOURCE_EXHAUSTED, details: "the caller stopped reading" });
    this.#gone.abort(new StemProblem({ reason: "STREAM_STALLED", stalledMs }));
    cutStalled(note);
  }
}
