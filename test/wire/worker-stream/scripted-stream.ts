import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import {
  type ConnectRequest,
  ConnectRequestSchema,
  type ConnectResponse,
  ConnectResponseSchema,
  type HelloSchema,
  type Welcome,
  WelcomeSchema,
} from "@stem/proto/stem/v1/worker_service_pb";
import { type CallContext, Encoded, type Outgoing } from "../../../server/src/api/call.ts";
import { anybody } from "../../../server/src/api/callers.ts";
import { createNamespaces } from "../../../server/src/api/convert/namespace.ts";
import { createWorkerService } from "../../../server/src/api/worker-stream/worker-service.ts";
import type { Broker } from "../../../server/src/broker/broker.ts";
import { rest } from "../../support/manual-clock.ts";
import { openRooms, type Rooms, type RoomsWish } from "../../support/rooms.ts";
import type { SubmissionWish } from "../../support/submission.ts";

/** What a test sends. */
export type Frame = MessageInitShape<typeof ConnectRequestSchema>["frame"];
type Kind = NonNullable<ConnectResponse["frame"]["case"]>;
/** A frame with the numbers of its envelope. */
type Numbered<K extends Kind> = Response<K> & { readonly echoed: bigint; readonly numbered: bigint };
type Response<K extends Kind> = Extract<ConnectResponse["frame"], { case: K }>["value"];

/** A greeting that is right, but for what a test says of it. */
export const helloWith = (init: MessageInitShape<typeof HelloSchema> = {}): Frame => ({
  case: "hello",
  value: { protocolMin: 1, protocolMax: 1, worker: "w", queues: [{ name: "default" }], slots: 4, ...init },
});

/** Credit for so many tasks beyond `seenSeq`. */
export const creditOf = (credit: number, seenSeq = 0): Frame => ({
  case: "credit",
  value: { credit: BigInt(credit), seenSeq: BigInt(seenSeq) },
});

/** A heartbeat of a worker that has seen so much. */
export const heartbeatOf = (seenSeq: number): Frame => ({
  case: "heartbeat",
  value: { seenSeq: BigInt(seenSeq) },
});

/** Settlements that say "done". */
export const settleOf = (...tokens: readonly Uint8Array[]): Frame => ({
  case: "settle",
  value: {
    settlements: tokens.map((leaseToken) => ({ leaseToken, outcome: { case: "succeeded", value: {} } })),
  },
});

/** A task as an api would hand it to the broker. */
export const taskOf = (
  id: string,
  wish: SubmissionWish & { readonly bytes?: number } = {},
): SubmissionWish => {
  const { bytes = 1, ...others } = wish;
  const data = { case: "binary" as const, value: new Uint8Array(bytes) };
  return {
    id,
    content: toBinary(NewTaskSchema, create(NewTaskSchema, { name: "n", args: { data } })),
    ...others,
  };
};

/** The worker's service on the rooms of a server, with no wire between: what a stream yields is what an adapter would send. */
export type StreamServer = Awaited<ReturnType<typeof openStreamServer>>;

/** Opens rooms and the service; `spy` may put itself before the broker. */
export async function openStreamServer(
  wish: RoomsWish & { readonly rooms?: Rooms; readonly spy?: (broker: Broker) => Broker } = {},
) {
  const rooms = wish.rooms ?? (await openRooms(wish));
  const draining = new AbortController();
  const { clock, log, limits, defaults } = rooms;
  const service = createWorkerService({
    ...{ clock, log, limits, defaults, draining: draining.signal },
    broker: wish.spy ? wish.spy(rooms.broker) : rooms.broker,
    namespaces: createNamespaces({ stateOf: (name) => (name === "default" ? "active" : undefined) }),
  });
  return {
    ...{ rooms, clock, service, log },
    enqueue: (...ids: readonly string[]) => rooms.enqueue(...ids.map((id) => taskOf(id))),
    /** Opens a stream that nobody has greeted on. */
    open: (): ScriptedStream => new ScriptedStream((requests, context) => service.connect(requests, context)),
    /** Opens a stream, greets, and takes the Welcome. */
    async greet(hello: MessageInitShape<typeof HelloSchema> = {}): Promise<ScriptedStream> {
      const stream = this.open();
      await stream.greet(hello);
      return stream;
    },
    /** Greets as a worker that holds these tasks, with nothing else to do; answers its stream and the tokens. */
    async holding(...ids: readonly string[]): Promise<[ScriptedStream, Uint8Array[]]> {
      await this.enqueue(...ids);
      const stream = await this.greet();
      stream.send(creditOf(ids.length));
      const { grants } = await stream.expect("grants");
      return [stream, grants.map(({ leaseToken }) => leaseToken)];
    },
    /** What api.drain() does. */
    drain(): void {
      rooms.broker.drain();
      draining.abort();
    },
    close: () => rooms.close(),
  };
}

type Connect = (
  requests: AsyncIterable<ConnectRequest>,
  context: CallContext,
) => AsyncIterable<Outgoing<typeof ConnectResponseSchema>>;

/** One stream, frame by frame: the test decides when the peer sends and when it takes. */
export class ScriptedStream {
  readonly #requests = createRequests();
  readonly #responses: AsyncIterator<Outgoing<typeof ConnectResponseSchema>>;
  readonly #gone = new AbortController();
  #pulled: Promise<IteratorResult<Outgoing<typeof ConnectResponseSchema>>> | undefined;
  #frameSeq = 0n;
  /** The session's terms, once it has greeted. */
  welcome: Welcome = create(WelcomeSchema);

  constructor(connect: Connect) {
    const context: CallContext = {
      method: "stem.v1.WorkerService/Connect",
      signal: this.#gone.signal,
      timeoutMs: undefined,
      requestId: "r",
      caller: anybody,
      peer: "test",
      header: () => undefined,
    };
    this.#responses = connect(this.#requests.messages, context)[Symbol.asyncIterator]();
  }

  /** Greets, and takes the Welcome. */
  async greet(hello: MessageInitShape<typeof HelloSchema> = {}): Promise<void> {
    this.send(helloWith(hello));
    this.welcome = await this.expect("welcome");
  }

  /** Sends a frame under the next number; answers the number. */
  send(frame: Frame): bigint {
    this.#frameSeq += 1n;
    this.sendAs(this.#frameSeq, frame);
    return this.#frameSeq;
  }

  /** Sends a frame under any number. */
  sendAs(frameSeq: bigint, frame: Frame): void {
    this.#requests.push(create(ConnectRequestSchema, { frameSeq, frame: frame as never }));
  }

  /** Sends what a later protocol might say. */
  sendUnknown(): void {
    this.#frameSeq += 1n;
    const request = create(ConnectRequestSchema, { frameSeq: this.#frameSeq });
    request.$unknown = [{ no: 77, wireType: 2, data: new Uint8Array([0]) }];
    this.#requests.push(request);
  }

  /** How many frames the server has not read. */
  get unread(): number {
    return this.#requests.waiting;
  }

  /** Takes the next frame, whenever it comes. */
  async take(): Promise<ConnectResponse> {
    const { done, value } = await this.#pull();
    if (done) throw new Error("the stream ended");
    return decoded(value);
  }

  /** Takes the next frame if there is one now. */
  async takeNow(): Promise<ConnectResponse | undefined> {
    const pulled = this.#pull();
    const nothing = Symbol("nothing");
    for (let turn = 0; turn < 20; turn++) {
      const first = await Promise.race([pulled, rest().then(() => nothing)]);
      if (typeof first === "symbol") continue;
      return first.done ? undefined : decoded(first.value);
    }
    // The pull stays with the stream: whoever takes next gets what it brings.
    this.#pulled = pulled;
    return undefined;
  }

  /** Takes the next frame, which must be of this kind. */
  async expect<K extends Kind>(kind: K): Promise<Numbered<K>> {
    const { frame, echo, frameSeq } = await this.take();
    if (frame.case !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(frame, bigintAsText)}`);
    return { ...(frame.value as object), echoed: echo, numbered: frameSeq } as Numbered<K>;
  }

  /** How the stream ends: with nothing, or with what was thrown. Takes what still comes. */
  async ending(): Promise<unknown> {
    try {
      while (!(await this.#pull()).done);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** The worker closes its half. */
  endSending(): void {
    this.#requests.end();
  }

  /** The connection breaks. */
  async lose(): Promise<void> {
    this.#gone.abort();
    this.#requests.end();
    await this.ending();
  }

  #pull(): Promise<IteratorResult<Outgoing<typeof ConnectResponseSchema>>> {
    const pulled = this.#pulled ?? this.#responses.next();
    this.#pulled = undefined;
    return pulled;
  }
}

/** Every frame goes over the wire's bytes, as it would through an adapter. */
const decoded = (response: Outgoing<typeof ConnectResponseSchema>): ConnectResponse =>
  fromBinary(
    ConnectResponseSchema,
    response instanceof Encoded ? response.bytes : toBinary(ConnectResponseSchema, response),
  );

const bigintAsText = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value;

function createRequests() {
  const queue: ConnectRequest[] = [];
  let wake = Promise.withResolvers<void>();
  let hasEnded = false;
  async function* read(): AsyncGenerator<ConnectRequest> {
    for (;;) {
      for (let next = queue.shift(); next; next = queue.shift()) yield next;
      if (hasEnded) return;
      await wake.promise;
    }
  }
  const ring = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  return {
    messages: read(),
    get waiting() {
      return queue.length;
    },
    push(request: ConnectRequest): void {
      queue.push(request);
      ring();
    },
    end(): void {
      hasEnded = true;
      ring();
    },
  };
}
