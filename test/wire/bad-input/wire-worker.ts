/** A worker's stream over a real connection, frame by frame: what it sends may be any bytes, and what comes back is kept apart. */

import type { ClientHttp2Session } from "node:http2";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  ConnectRequestSchema,
  type ConnectResponse,
  ConnectResponseSchema,
  type HelloSchema,
} from "@stem/proto/stem/v1/worker_service_pb";
import {
  type Explained,
  explained,
  framed,
  grpcError,
  grpcStatus,
  rawAnswer,
  rawCall,
} from "../../support/raw-http2.ts";
import { creditOf, helloWith } from "../worker-stream/scripted-stream.ts";
import { type LiveServer, paths } from "./live-server.ts";

type Frame = MessageInitShape<typeof ConnectRequestSchema>["frame"];
type Kind = NonNullable<ConnectResponse["frame"]["case"]>;
type Said<K extends Kind> = Extract<ConnectResponse["frame"], { case: K }>["value"];

/** How a stream ended: a code in digits, and what its error says. */
export type Ending = Explained & { readonly code: string | undefined };

/** One stream. */
export type WireWorker = {
  /** Sends a frame under the next number; answers the number. */
  send(frame: Frame): bigint;
  /** Sends a frame under any number. */
  sendAs(frameSeq: bigint, frame: Frame): void;
  /** Sends any bytes as one message. */
  sendBytes(message: Uint8Array): void;
  /** Takes the next frame, which must be of this kind. */
  expect<K extends Kind>(kind: K): Promise<Said<K>>;
  /** How many frames have come that nobody took. */
  readonly untaken: number;
  /** How the stream ends. */
  readonly ending: Promise<Ending>;
  /** Closes its half. */
  endSending(): void;
};

const prefixBytes = 5;

/** Opens a stream on a connection of its own, or on this one. Nobody has greeted on it. */
export async function openWorker(server: LiveServer, session?: ClientHttp2Session): Promise<WireWorker> {
  const stream = rawCall(session ?? (await server.session({ maxSessionMemory: 100 })), paths.connect);
  const frames: ConnectResponse[] = [];
  let rest = Buffer.alloc(0);
  let arrived = Promise.withResolvers<void>();
  let isOver = false;
  let frameSeq = 0n;
  const ring = (): void => {
    arrived.resolve();
    arrived = Promise.withResolvers();
  };
  stream.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let next = takeFramed(); next; next = takeFramed())
      frames.push(fromBinary(ConnectResponseSchema, next));
    ring();
  });
  const ending = rawAnswer(stream).then((answer): Ending => {
    isOver = true;
    ring();
    return { code: grpcStatus(answer), ...explained(grpcError(answer)) };
  });

  function takeFramed(): Buffer | undefined {
    if (rest.length < prefixBytes) return undefined;
    const end = prefixBytes + rest.readUInt32BE(1);
    if (rest.length < end) return undefined;
    const message = rest.subarray(prefixBytes, end);
    rest = rest.subarray(end);
    return message;
  }

  const worker: WireWorker = {
    send(frame) {
      frameSeq += 1n;
      worker.sendAs(frameSeq, frame);
      return frameSeq;
    },
    sendAs(seq, frame) {
      const request = create(ConnectRequestSchema, { frameSeq: seq, frame: frame as never });
      worker.sendBytes(toBinary(ConnectRequestSchema, request));
    },
    sendBytes: (message) => void stream.write(framed(message)),
    async expect<K extends Kind>(kind: K) {
      while (frames.length === 0 && !isOver) await arrived.promise;
      const next = frames.shift();
      if (!next) throw new Error(`expected ${kind}, and the stream ended: ${JSON.stringify(await ending)}`);
      if (next.frame.case !== kind) throw new Error(`expected ${kind}, got ${next.frame.case}`);
      return next.frame.value as Said<K>;
    },
    get untaken() {
      return frames.length;
    },
    ending,
    endSending: () => void stream.end(),
  };
  return worker;
}

/** Opens a stream and greets on it. */
export async function greetedWorker(
  server: LiveServer,
  hello: MessageInitShape<typeof HelloSchema> = {},
  session?: ClientHttp2Session,
): Promise<WireWorker> {
  const worker = await openWorker(server, session);
  worker.send(helloWith(hello));
  await worker.expect("welcome");
  return worker;
}

/** How a stream ends that begins with this frame. */
export async function endingOf(server: LiveServer, ...frames: readonly Frame[]): Promise<Ending> {
  const worker = await openWorker(server);
  for (const frame of frames) worker.send(frame);
  return await worker.ending;
}

/** Enqueues tasks into a queue of their own, and opens a stream that holds them all; answers their tokens, too. */
export async function holdingWorker(
  server: LiveServer,
  ...ids: readonly string[]
): Promise<[WireWorker, Uint8Array[]]> {
  const queue = `of-${ids[0]}`;
  await server.tasks.enqueueTasks({ tasks: ids.map((id) => ({ id, name: "n", queue })) });
  const worker = await greetedWorker(server, { queues: [{ name: queue }] });
  worker.send(creditOf(ids.length));
  const tokens: Uint8Array[] = [];
  while (tokens.length < ids.length) {
    const { grants } = await worker.expect("grants");
    tokens.push(...grants.map(({ leaseToken }) => leaseToken));
  }
  return [worker, tokens];
}
