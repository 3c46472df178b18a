/** The frames that the server sends, made and encoded. */

import { create, fromBinary } from "@bufbuild/protobuf";
import { CommandOrderSchema, CommandSchema } from "@stem/proto/stem/v1/control_pb";
import type { LeaseVerdict as WireVerdict } from "@stem/proto/stem/v1/lease_pb";
import { type OutputVerdict, OutputWrittenSchema } from "@stem/proto/stem/v1/task_output_pb";
import type { QueueBacklog } from "@stem/proto/stem/v1/worker_pb";
import {
  type CancelledLease,
  CancelSchema,
  type ConnectResponse,
  ConnectResponseSchema,
  DrainSchema,
  ExtendedSchema,
  RefusedSchema,
  type SettledItem,
  SettledSchema,
  WelcomeSchema,
} from "@stem/proto/stem/v1/worker_service_pb";
import type { Lease, Session } from "../../broker/broker.ts";
import type { Command } from "../../model/command.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import { Encoded, type Outgoing } from "../call.ts";
import { encodeGrantsFrame } from "../convert/grant.ts";
import { leaseVerdictToProto } from "../convert/lease-verdict.ts";
import type { Encode } from "../convert/scratch.ts";
import { durationFromMs } from "../convert/time.ts";
import { problemToStatus } from "../problem-table.ts";

/** What a frame says. */
export type Said = ConnectResponse["frame"];

/** Some leases, numbered on from `firstSeq`; `echo` is the newest frame of the worker before they were leased. */
export type Grants = {
  readonly kind: "grants";
  readonly echo: bigint;
  readonly firstSeq: number;
  readonly leases: readonly Lease[];
};

/** A frame that is to be sent. Without an `echo` of its own it repeats the newest that was said. */
export type OutFrame =
  | Grants
  | { readonly kind: "said"; readonly said: Said; readonly echo: bigint | undefined };

/** Encodes a frame under its number. */
export function encodeFrame(
  encode: Encode,
  frame: OutFrame,
  numbers: { readonly frameSeq: bigint; readonly echo: bigint },
): Outgoing<typeof ConnectResponseSchema> {
  if (frame.kind === "grants")
    return new Encoded(ConnectResponseSchema, encodeGrantsFrame(encode, { ...frame, ...numbers }));
  return create(ConnectResponseSchema, {
    frameSeq: numbers.frameSeq,
    echo: numbers.echo,
    frame: frame.said,
  });
}

/** What a worker is told when it greets. */
export type Terms = { readonly protocol: number; readonly limits: Limits; readonly defaults: Defaults };

/** The session's terms. */
export const welcome = (session: Session, { protocol, limits, defaults }: Terms): Said => ({
  case: "welcome",
  value: create(WelcomeSchema, {
    sessionId: session.id,
    protocol,
    leaseDuration: durationFromMs(defaults.leaseMs),
    heartbeatInterval: durationFromMs(defaults.heartbeatMs),
    frameBytesMax: limits.frameBytesMax,
    resultBytesMax: limits.resultBytesMax,
    creditMax: limits.creditMax,
    checkpointBytesMax: limits.checkpointBytesMax,
    leases: session.resumed.map(leaseVerdictToProto),
    lastSeq: BigInt(session.lastSeq),
    outputBytesMax: limits.outputEntryBytesMax,
  }),
});

/** The answer to a Settle frame. */
export const settled = (frameSeq: bigint, exceptions: SettledItem[]): Said => ({
  case: "settled",
  value: create(SettledSchema, { frameSeq, exceptions }),
});

/** The answer to a WriteOutput frame. */
export const outputWritten = (frameSeq: bigint, exceptions: OutputVerdict[]): Said => ({
  case: "outputWritten",
  value: create(OutputWrittenSchema, { frameSeq, exceptions }),
});

/** The answer to heartbeats. */
export const extended = (lost: readonly WireVerdict[], backlogs: readonly QueueBacklog[]): Said => ({
  case: "extended",
  value: create(ExtendedSchema, { lost: [...lost], backlogs: [...backlogs] }),
});

/** Attempts that somebody wants stopped. */
export const cancel = (leases: CancelledLease[]): Said => ({
  case: "cancel",
  value: create(CancelSchema, { leases }),
});

/** What an operator wants. */
export const command = (commandId: number, { content }: Command): Said => ({
  case: "command",
  value: create(CommandOrderSchema, {
    commandId: BigInt(commandId),
    command: fromBinary(CommandSchema, content),
  }),
});

/** The server is going away. */
export const drain = (retryAfterMs: number): Said => ({
  case: "drain",
  value: create(DrainSchema, { retryAfter: durationFromMs(retryAfterMs) }),
});

/** One frame was wrong. */
export const refused = (frameSeq: bigint, problem: Problem): Said => ({
  case: "refused",
  value: create(RefusedSchema, { frameSeq, error: problemToStatus(problem) }),
});
