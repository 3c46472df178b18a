import { type DescMessage, toBinary } from "@bufbuild/protobuf";
import type { Clock } from "../../ports/clock.ts";
import { Encoded, type Outgoing as OutgoingMessage } from "../call.ts";

/** The responses of a call, on their way to a caller who may read slowly or not at all. */
export interface Outgoing {
  /** Puts one message on the wire. */
  send(message: OutgoingMessage<DescMessage>): void;
  /** Resolves when more may be sent: at once, unless much is unsent. */
  writable(): Promise<void> | undefined;
  /** The call is over: whoever waits goes on, and nothing is watched any more. */
  close(): void;
}

/** What sending needs. */
export type OutgoingDeps = {
  readonly schema: DescMessage;
  readonly clock: Clock;
  /** Hands bytes to the wire; calls back when they have left. */
  readonly write: (bytes: Buffer, left: () => void) => void;
  /** Called once when something is unsent and nothing at all left for this long. */
  readonly onStalled: () => void;
  readonly stalledMsMax: number;
};

/** How much may be unsent before the handler is not asked for more. A frame is never cut, so this plus one message is the bound. */
const unsentBytesMax = 256 * 1024;
/** What gRPC puts before each message; counts, so that an empty message is something unsent, too. */
const prefixBytes = 5;

/** Makes the way out. */
export function createOutgoing({ schema, clock, write, onStalled, stalledMsMax }: OutgoingDeps): Outgoing {
  let unsentBytes = 0;
  let lastProgress = clock.now();
  let cancelWatch: (() => void) | undefined;
  let resume: (() => void) | undefined;
  let closed = false;

  // One timer for as long as anything is unsent, looked at when it fires: moving it with every message would cost more than sending.
  const watch = (delayMs: number): void => {
    cancelWatch = clock.after(delayMs, () => {
      cancelWatch = undefined;
      if (closed || unsentBytes === 0) return;
      const quietMs = clock.now() - lastProgress;
      if (quietMs >= stalledMsMax) onStalled();
      else watch(stalledMsMax - quietMs);
    });
  };
  const goOn = (): void => {
    resume?.();
    resume = undefined;
  };
  return {
    send(message) {
      const bytes = encode(schema, message);
      if (unsentBytes === 0) lastProgress = clock.now();
      const wireBytes = bytes.length + prefixBytes;
      unsentBytes += wireBytes;
      if (!cancelWatch && !closed) watch(stalledMsMax);
      write(bytes, () => {
        unsentBytes -= wireBytes;
        lastProgress = clock.now();
        if (unsentBytes < unsentBytesMax) goOn();
      });
    },
    writable() {
      if (closed || unsentBytes < unsentBytesMax) return undefined;
      return new Promise((resolve) => {
        resume = resolve;
      });
    },
    close() {
      closed = true;
      cancelWatch?.();
      goOn();
    },
  };
}

/** A message as bytes that grpc-js can copy. */
function encode(schema: DescMessage, message: OutgoingMessage<DescMessage>): Buffer {
  const bytes = message instanceof Encoded ? message.bytes : toBinary(schema, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
