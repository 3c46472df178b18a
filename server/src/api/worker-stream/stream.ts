/**
 * One worker's stream: its receiving half (inbox.ts) puts into the outbox what its sending half, here, takes out whenever the peer takes
 * another frame. Nothing is leased for a worker that does not read.
 */

import type { ConnectRequest, ConnectResponseSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { StemProblem } from "../../model/problem.ts";
import type { CallContext, Outgoing } from "../call.ts";
import { encodeFrame } from "./frames.ts";
import { createInbox } from "./inbox.ts";
import { createOutbox } from "./outbox.ts";
import type { StreamDeps } from "./stream-parts.ts";

/** One worker's stream. */
export interface WorkerStream {
  /** The server's frames, pulled only as fast as the worker reads. */
  frames(requests: AsyncIterable<ConnectRequest>): AsyncGenerator<Outgoing<typeof ConnectResponseSchema>>;
  /** The server drains. */
  drain(): void;
}

/** Makes a stream that has not begun. */
export function createWorkerStream(deps: StreamDeps, { signal, peer }: CallContext): WorkerStream {
  const { clock, limits, encode } = deps;
  const outbox = createOutbox({
    clock,
    frameBytesMax: limits.frameBytesMax,
    commandsMax: limits.workerCommandsMax,
  });
  const inbox = createInbox({ ...deps, outbox, peer });
  const onGone = (): void => outbox.end();

  /** Ends the stream unless its first frame has come by then. */
  function awaitHello(): () => void {
    return clock.after(limits.helloMsMax, () => {
      if (!inbox.hasBegun)
        outbox.end(new StemProblem({ reason: "FRAME_OVERDUE", frame: "hello", waitedMs: limits.helloMsMax }));
    });
  }

  async function* send(): AsyncGenerator<Outgoing<typeof ConnectResponseSchema>> {
    let frameSeq = 0n;
    let echo = 0n;
    for (;;) {
      const frame = outbox.take();
      if (frame) {
        frameSeq += 1n;
        echo = frame.echo ?? echo;
        yield encodeFrame(encode, frame, { frameSeq, echo });
      } else {
        if (outbox.isOver) break;
        inbox.onIdle();
        await outbox.changed();
      }
    }
    if (outbox.failure) throw outbox.failure;
  }

  return {
    async *frames(requests) {
      const stopWaiting = awaitHello();
      signal.addEventListener("abort", onGone);
      if (signal.aborted) onGone();
      void inbox.read(requests);
      try {
        yield* send();
      } finally {
        stopWaiting();
        signal.removeEventListener("abort", onGone);
        outbox.end();
        await inbox.close();
      }
    },
    drain: inbox.drain,
  };
}
