/**
 * What waits to be sent on one stream. Bounded by what comes in: a frame of the worker that is to be answered holds a place from when
 * it is taken in until its answer is taken out, and without a place nothing more is read. What is not an answer is put together:
 * however many heartbeats and cancels there were, one frame of each waits.
 *
 * Frames are taken out only when the peer takes them: first answers, then grants; then what is about grants, which is heartbeats'
 * answers and cancels, so that none of them comes before the grant that it is about, and the echo never goes back.
 */

import type { LeaseVerdict as WireVerdict } from "@stem/proto/stem/v1/lease_pb";
import type { QueueBacklog } from "@stem/proto/stem/v1/worker_pb";
import type { Lease } from "../../broker/broker.ts";
import type { Bytes } from "../../model/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import { createBell } from "./bell.ts";
import { createCancels } from "./cancels.ts";
import { cancel, extended, type Grants, type OutFrame, type Said } from "./frames.ts";
import { createGranted } from "./granted.ts";

/** The frames of one stream that are on their way out. */
export interface Outbox {
  /** Nothing comes after what waits now. */
  readonly isOver: boolean;
  /** What the stream ends with, where it does not end well. */
  readonly failure: unknown;
  /** Takes a place for an answer. */
  expect(): void;
  /** Puts an answer into the place that was taken for it. */
  answer(said: Said): void;
  /** Resolves once there is a place, or the stream is over. */
  room(): Promise<void>;
  /** Says something unasked; `echo` is the frame that it is about, where there is one. */
  tell(said: Said, echo?: bigint): void;
  /** Leases were extended, but for the lost ones, after frame `echo` had come; with what is ready, where that was asked. */
  extend(echo: bigint, lost: readonly WireVerdict[], backlogs?: readonly QueueBacklog[]): void;
  /** Somebody wants an attempt stopped. */
  cancel(token: Bytes, reason: string, requester?: string): void;
  /** An operator wants something; false: too many commands wait already. */
  command(said: Said): boolean;
  /** Leases to hand out. */
  grant(grants: Grants): void;
  /** Takes back the leases that were not handed out. */
  dropGrants(): readonly Lease[];
  /** The next frame, when the peer takes one. */
  take(): OutFrame | undefined;
  /** Resolves when there may be something to take, or to do. */
  changed(): Promise<void>;
  /** Makes `changed` resolve. */
  wake(): void;
  /** Ends the stream after the answers that wait: well, or with what went wrong. The first end stands. */
  end(failure?: unknown): void;
}

/** How an outbox is bounded. */
export type OutboxOptions = {
  readonly clock: Clock;
  readonly frameBytesMax: number;
  /** Commands that may wait at once. Default 100. */
  readonly commandsMax?: number;
};

/** What waits to be said of heartbeats. */
type Beat = {
  readonly echo: bigint;
  readonly lost: readonly WireVerdict[];
  readonly backlogs: readonly QueueBacklog[];
};

/** Answers that may be owed or wait at once: enough to share commits, few enough to hold in memory for a peer that reads slowly. */
const placesMax = 8;

/** An empty outbox. */
export function createOutbox({ clock, frameBytesMax, commandsMax = 100 }: OutboxOptions): Outbox {
  const forTaker = createBell();
  const forReader = createBell();
  const said: { readonly said: Said; readonly echo: bigint | undefined; readonly isAnswer: boolean }[] = [];
  const granted = createGranted(frameBytesMax);
  const cancels = createCancels(clock, forTaker.ring);
  let beat: Beat | undefined;
  let places = 0;
  let commands = 0;
  let end: { readonly failure: unknown } | undefined;

  function takeSaid(): OutFrame | undefined {
    const next = said.shift();
    if (!next) return undefined;
    if (next.isAnswer) places -= 1;
    if (next.said.case === "command") commands -= 1;
    forReader.ring();
    return { kind: "said", said: next.said, echo: next.echo };
  }

  function takeBeat(): OutFrame | undefined {
    if (!beat) return undefined;
    const { echo, lost, backlogs } = beat;
    beat = undefined;
    return { kind: "said", said: extended(lost, backlogs), echo };
  }

  function takeCancels(): OutFrame | undefined {
    const leases = cancels.take();
    return leases.length > 0 ? { kind: "said", said: cancel(leases), echo: undefined } : undefined;
  }

  const unlessOver = (take: () => OutFrame | undefined): OutFrame | undefined => (end ? undefined : take());

  return {
    get isOver() {
      return end !== undefined;
    },
    get failure() {
      return end?.failure;
    },
    expect() {
      places += 1;
    },
    answer(answer) {
      said.push({ said: answer, echo: undefined, isAnswer: true });
      forTaker.ring();
    },
    async room() {
      while (places >= placesMax && !end) await forReader.rung();
    },
    tell(unasked, echo) {
      said.push({ said: unasked, echo, isAnswer: false });
      forTaker.ring();
    },
    extend(echo, lost, backlogs = beat?.backlogs ?? []) {
      beat = { echo, lost: [...(beat?.lost ?? []), ...lost], backlogs };
      forTaker.ring();
    },
    cancel: cancels.add,
    command(order) {
      if (end || commands >= commandsMax) return false;
      commands += 1;
      said.push({ said: order, echo: undefined, isAnswer: false });
      forTaker.ring();
      return true;
    },
    grant(grants) {
      granted.put(grants);
      forTaker.ring();
    },
    dropGrants: granted.drop,
    take: () => takeSaid() ?? unlessOver(granted.take) ?? takeBeat() ?? unlessOver(takeCancels),
    changed: forTaker.rung,
    wake: forTaker.ring,
    end(failure) {
      end ??= { failure };
      forTaker.ring();
      forReader.ring();
    },
  };
}
