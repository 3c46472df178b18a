/** What a stream does with its session once its worker has greeted: each kind of frame, and the way out. */

import type { ConnectRequest, Credit, Heartbeat, Hello } from "@stem/proto/stem/v1/worker_service_pb";
import type { Session } from "../../broker/broker.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid } from "../../model/problem.ts";
import { readAnswer } from "../convert/command.ts";
import { agreedProtocol, readHello } from "../convert/hello.ts";
import { readReceived, readStats } from "../convert/worker.ts";
import { createCheckpointIntake } from "./checkpoint-intake.ts";
import { createClaims, type Heard } from "./claims.ts";
import { createForgeries } from "./forgeries.ts";
import { command, welcome } from "./frames.ts";
import { createHeartbeats } from "./heartbeats.ts";
import { createOutputIntake } from "./output-intake.ts";
import { createProgressIntake } from "./progress-intake.ts";
import { createSettles, type SettlesDeps } from "./settles.ts";
import type { StreamParts } from "./stream-parts.ts";

/** A stream whose worker has greeted. */
export interface Greeted {
  /** Who it is, for the log. */
  readonly facts: object;
  /** Does what a frame asks for. Throws what is wrong with it; it then had no effect. */
  take(request: ConnectRequest): void;
  /** Claims leases, unless that is under way. */
  claim(): void;
  /** Grants nothing more, and gives back what never left. */
  stopGranting(): void;
  /** Resolves when everything that was taken has been answered. */
  settled(): Promise<void>;
  /** Lets go of the session. */
  close(): Promise<void>;
}

/** Opens the session of a worker that greets, and welcomes it. Throws what is wrong with its greeting. */
export async function greet(parts: StreamParts, hello: Hello, heard: () => Heard): Promise<Greeted> {
  const { broker, outbox, limits, defaults, log, peer } = parts;
  const greeting = readHello(hello, parts);
  const protocol = agreedProtocol(hello);
  let isSuperseded = false;
  const session = await broker.openSession(greeting, {
    frameSeq: () => heard().frameSeq,
    onCancel: outbox.cancel,
    onCommand: (commandId, wanted) => outbox.command(command(commandId, wanted)),
    onDismissed: outbox.end,
    onSuperseded: () => {
      isSuperseded = true;
      outbox.end();
    },
  });
  outbox.tell(welcome(session, { protocol, limits, defaults }), heard().frameSeq);
  const facts = { namespace: greeting.namespace, worker: greeting.worker, peer };
  log.info({ ...facts, slots: hello.slots, sdk: hello.sdk }, "a worker's stream began");
  const { namespace } = greeting;
  return createGreeted({ ...parts, session, namespace, heard, facts, wasSuperseded: () => isSuperseded });
}

type GreetedParts = StreamParts & {
  readonly namespace: SettlesDeps["namespace"];
  readonly session: Session;
  readonly heard: () => Heard;
  readonly facts: object;
  readonly wasSuperseded: () => boolean;
};

function createGreeted(parts: GreetedParts): Greeted {
  const { session, outbox, limits, facts, wasSuperseded } = parts;
  const claims = createClaims(parts);
  const forgeries = createForgeries(parts);
  const settles = createSettles({ ...parts, forgeries });
  const heartbeats = createHeartbeats({ session, outbox, claims });
  const progress = createProgressIntake({ ...parts, forgeries });
  const checkpoints = createCheckpointIntake({ ...parts, forgeries });
  const output = createOutputIntake({ ...parts, forgeries });
  const underWay = new Set<Promise<void>>();
  let saidGoodbye = false;
  forgeries.note("hello.held_leases", session.forgedHeld);

  /** Lets work go on beside the reading of frames; what goes wrong with it ends the stream. */
  function begin(work: Promise<void>): void {
    const done = work.catch(outbox.end).finally(() => underWay.delete(done));
    underWay.add(done);
  }

  async function settled(): Promise<void> {
    while (underWay.size > 0) await Promise.all(underWay);
  }

  return {
    get facts() {
      return { ...facts, progressDropped: progress.dropped };
    },
    take({ frameSeq, frame }) {
      switch (frame.case) {
        case "credit":
          return takeCredit(session, frame.value, limits);
        case "settle":
          return begin(settles.take(frameSeq, frame.value));
        case "heartbeat":
          return begin(heartbeats.beat(takeHeartbeat(session, frameSeq, frame.value)));
        case "received":
          return session.received(readReceived(frame.value, limits));
        case "reply":
          return session.answer(Number(frame.value.commandId), readAnswer(frame.value));
        case "progress":
          return progress.take(frame.value);
        case "checkpoints":
          return begin(checkpoints.take(frame.value));
        case "output":
          return begin(output.take(frameSeq, frame.value));
        case "goodbye":
          saidGoodbye = true;
          return begin(claims.stop());
        default:
          return undefined;
      }
    },
    claim: claims.begin,
    stopGranting: () => begin(claims.stop()),
    settled,
    async close() {
      begin(claims.stop());
      // What is being settled is not to be given back.
      await settled();
      if (wasSuperseded()) return;
      if (saidGoodbye) await session.goodbye();
      else session.detach();
    },
  };
}

function takeCredit(session: Session, { seenSeq, credit, bytesMax }: Credit, { creditMax }: Limits): void {
  checkNumber("credit.seen_seq", seenSeq);
  checkNumber("credit.credit", credit);
  if (bytesMax !== undefined) checkNumber("credit.bytes_max", bytesMax);
  const bytes = bytesMax === undefined ? undefined : Number(bytesMax);
  session.credit(Number(seenSeq), Math.min(Number(credit), creditMax), bytes);
}

function takeHeartbeat(session: Session, frameSeq: bigint, { seenSeq, stats, wantBacklogs }: Heartbeat) {
  checkNumber("heartbeat.seen_seq", seenSeq);
  if (stats !== undefined) session.report(readStats(stats));
  return { frameSeq, seenSeq: Number(seenSeq), wantsBacklogs: wantBacklogs };
}

function checkNumber(field: string, value: bigint): void {
  if (value < 0n) throw fieldInvalid(field, "must not be negative");
}
