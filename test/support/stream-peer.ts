import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import {
  type ConnectRequest,
  type ConnectResponseSchema,
  type ExtendLeasesRequest,
  type ExtendLeasesResponseSchema,
  WorkerService,
} from "@stem/proto/stem/v1/worker_service_pb";
import { until } from "./until.ts";

type ResponseInit = MessageInitShape<typeof ConnectResponseSchema>;
type FrameInit = NonNullable<ResponseInit["frame"]>;

/** One stream that a worker opened, seen from the server's side. */
export type PeerStream = {
  /** The worker's frames so far. */
  readonly frames: readonly ConnectRequest[];
  /** True when the worker has closed its half, or is gone. */
  readonly isOver: boolean;
  /** Sends a frame; it echoes the worker's newest frame, or another. */
  send(frame: FrameInit, echo?: number): void;
  /** Ends the stream, with an error or in peace. */
  end(error?: ConnectError): void;
  /** Waits for a frame of a kind beyond the first `after` of it. */
  next<Case extends string>(
    kind: Case,
    after?: number,
  ): Promise<Extract<ConnectRequest["frame"], { case: Case }>>;
  /** The number of the newest frame of a kind. */
  seqOf(kind: string): number;
};

/** A server of streams that does what its test says, over a transport without a socket. */
export type StreamPeer = {
  readonly transport: Transport;
  readonly streams: readonly PeerStream[];
  /** Waits for the worker's n-th stream, from 1. */
  stream(count: number): Promise<PeerStream>;
  /** Answers ExtendLeases. */
  onExtend: (request: ExtendLeasesRequest) => MessageInitShape<typeof ExtendLeasesResponseSchema>;
};

/** Makes one. */
export function createStreamPeer(): StreamPeer {
  const streams: (PeerStream & { readonly run: Run })[] = [];
  const peer: StreamPeer = {
    transport: createRouterTransport((router) =>
      router.service(WorkerService, {
        connect(requests, { signal }) {
          const opened = openStream(requests, signal);
          streams.push(opened);
          return opened.run();
        },
        extendLeases: (request) => peer.onExtend(request),
      }),
    ),
    streams,
    stream: (count) => waitFor(() => streams[count - 1], `stream ${count}`),
    onExtend: () => ({}),
  };
  return peer;
}

type Run = () => AsyncGenerator<ResponseInit>;

function openStream(
  requests: AsyncIterable<ConnectRequest>,
  signal: AbortSignal,
): PeerStream & { readonly run: Run } {
  const frames: ConnectRequest[] = [];
  const outbox: ResponseInit[] = [];
  let wake = Promise.withResolvers<void>();
  let ended: { readonly error?: ConnectError } | undefined;
  let isOver = false;
  let sent = 0n;
  const ring = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  const end = (error?: ConnectError): void => {
    ended ??= error ? { error } : {};
    ring();
  };
  const read = async (): Promise<void> => {
    try {
      for await (const request of requests) frames.push(request);
    } catch {
      // The worker has dropped the stream: that it is over is all there is to know.
    }
    isOver = true;
    end();
  };
  signal.addEventListener("abort", () => end());
  async function* run(): AsyncGenerator<ResponseInit> {
    void read();
    for (;;) {
      const next = outbox.shift();
      if (next) yield next;
      else if (ended?.error) throw ended.error;
      else if (ended) return;
      else await wake.promise;
    }
  }
  const ofKind = (kind: string) => frames.filter(({ frame }) => frame.case === kind);
  return {
    frames,
    get isOver() {
      return isOver;
    },
    send(frame, echo = Number(frames.at(-1)?.frameSeq ?? 0)) {
      sent += 1n;
      outbox.push({ frameSeq: sent, echo: BigInt(echo), frame });
      ring();
    },
    end,
    async next<Case extends string>(kind: Case, after = 0) {
      const found = await waitFor(() => ofKind(kind)[after], `${kind} frame ${after + 1}`);
      return found.frame as Extract<ConnectRequest["frame"], { case: Case }>;
    },
    seqOf: (kind) => Number(ofKind(kind).at(-1)?.frameSeq ?? 0),
    run,
  };
}

const waitFor = <Found>(look: () => Found | undefined, what: string): Promise<Found> =>
  until(look, { deadlineMs: 50_000, what, everyMs: 1 });

/** A Welcome with the usual terms. */
export function welcomeFrame(
  wish: { readonly sessionId?: string; readonly held?: readonly boolean[]; readonly lastSeq?: number } = {},
): FrameInit {
  const { sessionId = "s1", held = [], lastSeq = 0 } = wish;
  return {
    case: "welcome",
    value: {
      sessionId: Buffer.from(sessionId),
      protocol: 1,
      leaseDuration: { seconds: 20n },
      heartbeatInterval: { seconds: 5n },
      frameBytesMax: 3_670_016,
      resultBytesMax: 1000,
      creditMax: 10_000,
      outputBytesMax: 1000,
      lastSeq: BigInt(lastSeq),
      leases: held.map((each) => ({ held: each })),
    },
  };
}

/** An Extended that lost nothing, or these. */
export const extendedFrame = (lost: readonly string[] = [], ready: readonly number[] = []): FrameInit => ({
  case: "extended",
  value: {
    lost: lost.map((token) => ({ leaseToken: Buffer.from(token), held: false })),
    backlogs: ready.map((count, at) => ({ queue: `queue-${at}`, ready: BigInt(count) })),
  },
});

/** The answer to a WriteOutput frame. */
export const outputWrittenFrame = (frameSeq: number): FrameInit => ({
  case: "outputWritten",
  value: { frameSeq: BigInt(frameSeq) },
});

/** The answer to a Settle frame. */
export const settledFrame = (frameSeq: number): FrameInit => ({
  case: "settled",
  value: { frameSeq: BigInt(frameSeq) },
});
