/**
 * The receiving half of a worker's stream: takes frames in order, does what each asks for, and puts the answers into the outbox. Settle
 * frames are not waited for one by one: several share a commit, and each is answered after its own. What is wrong with a frame is
 * answered by Refused; what is wrong with the stream ends it.
 */

import type { ConnectRequest, Hello } from "@stem/proto/stem/v1/worker_service_pb";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { Log } from "../../ports/log.ts";
import type { Heard } from "./claims.ts";
import { drain, refused } from "./frames.ts";
import { type Greeted, greet } from "./greeted.ts";
import type { Outbox } from "./outbox.ts";
import { closed, drained, expectation, newStream, receive } from "./session.ts";
import type { StreamParts } from "./stream-parts.ts";

/** The receiving half of one stream. */
export interface Inbox {
  /** The newest frame that was taken in, and when. */
  readonly heard: Heard;
  /** The worker's Hello has come. */
  readonly hasBegun: boolean;
  /** Takes frames until they end, or the stream does; then ends the outbox. Never rejects. */
  read(requests: AsyncIterable<ConnectRequest>): Promise<void>;
  /** The peer takes frames and nothing waits: leases may be claimed. */
  onIdle(): void;
  /** The server drains: nothing more is granted. */
  drain(): void;
  /** The stream is over: gives back what never left, and lets go of the session. */
  close(): Promise<void>;
}

/** When a worker whose server drains may try the same address again. */
const drainRetryMs = 1000;

/** Makes the receiving half of a stream. */
export function createInbox(parts: StreamParts): Inbox {
  const { clock, outbox, draining, log } = parts;
  let order = newStream;
  let heardAt = clock.now();
  let worker: Greeted | undefined;
  let unknownFrames = 0;

  async function take(request: ConnectRequest): Promise<void> {
    const { frameSeq, frame } = request;
    const kind = frame.case ?? "unknown";
    const { state } = order;
    const received = receive(order, frameSeq, kind);
    if (received.order.newest !== order.newest) heardAt = clock.now();
    order = received.order;
    // A worker that had been silent may be granted again.
    outbox.wake();
    switch (received.act) {
      case "greet":
        if (frame.case === "hello") await welcome(frame.value);
        return;
      case "process":
      case "leave":
        orRefuse(outbox, frameSeq, () => worker?.take(request));
        return;
      case "refuse":
        throw new StemProblem({ reason: "FRAME_UNEXPECTED", frame: kind, expected: expectation(state) });
      case "unnumbered":
        if (state === "greeting") throw unnumbered(frameSeq);
        return answerRefused(outbox, frameSeq, unnumbered(frameSeq));
      case "ignore":
        if (kind === "unknown") unknownFrames += 1;
    }
  }

  async function welcome(hello: Hello): Promise<void> {
    if (draining.aborted) throw new StemProblem({ reason: "DRAINING" });
    const opened = await greet(parts, hello, () => inbox.heard);
    // The stream may have ended while the session was opened, and will not be closed a second time.
    if (outbox.isOver) await opened.close();
    else worker = opened;
    if (draining.aborted) inbox.drain();
  }

  const inbox: Inbox = {
    get heard() {
      return { frameSeq: order.newest, at: heardAt };
    },
    get hasBegun() {
      return order.state !== "greeting";
    },
    async read(requests) {
      try {
        for await (const request of requests) {
          if (outbox.isOver) return;
          await take(request);
          await outbox.room();
        }
        // Whoever closes its half still gets the answers to what it sent.
        await worker?.settled();
        outbox.end();
      } catch (error) {
        outbox.end(error);
      }
    },
    onIdle: () => worker?.claim(),
    drain() {
      if (order.state !== "open" || !worker) return;
      order = drained(order);
      worker.stopGranting();
      outbox.tell(drain(drainRetryMs));
    },
    async close() {
      order = closed(order);
      if (worker) await letGo(worker, { unknownFrames }, log);
    },
  };
  return inbox;
}

/** Does what a frame asks for, or answers what is wrong with it. */
function orRefuse(outbox: Outbox, frameSeq: bigint, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof StemProblem)) throw error;
    answerRefused(outbox, frameSeq, error);
  }
}

function answerRefused(outbox: Outbox, frameSeq: bigint, { problem }: StemProblem): void {
  outbox.expect();
  outbox.answer(refused(frameSeq, problem));
}

const unnumbered = (frameSeq: bigint): StemProblem =>
  fieldInvalid("frame_seq", `must rise from 1 on each stream; this frame has ${frameSeq}`);

async function letGo(worker: Greeted, counts: object, log: Log): Promise<void> {
  try {
    await worker.close();
    log.info({ ...worker.facts, ...counts }, "a worker's stream ended");
  } catch (error) {
    // The peer has its answer; leases that were not let go of end by expiry.
    log.error({ ...worker.facts, err: error }, "a worker's stream could not let go of its session");
  }
}
