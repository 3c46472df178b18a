import { defaults, type Limits } from "../../model/limits.ts";
import type { QueueCreation } from "../../model/namespace.ts";
import { queueEventBounds } from "../../model/queue-event.ts";
import { outputBounds, outputKinds } from "../../model/task-output.ts";
import { whileRecorded } from "../../model/unique.ts";
import { type Packable, pack } from "./msgpack.ts";

/** What holds for every verb of a store: what scripts find in env. */
export type Env = {
  readonly limits: Limits;
  readonly epoch: number;
  readonly creation: QueueCreation;
};

/** Packs it: for namespaces that are on the list of all, and for others. */
export function packEnv({ limits, epoch, creation }: Env): {
  readonly listed: Buffer;
  readonly other: Buffer;
} {
  const bounds = ({ entriesMax, bytesMax }: ReturnType<typeof queueEventBounds>): Packable => [
    entriesMax,
    bytesMax,
  ];
  const env = {
    epoch,
    creation,
    whileRecorded,
    deadMs: defaults.deadLetterRetentionMs,
    queuesMax: limits.queuesPerNamespaceMax,
    attemptsMax: limits.attemptHistoryMax,
    tombstoneMs: limits.tombstoneMs,
    revocationsMax: limits.revocationsMax,
    gateLimitsMax: limits.gateLimitsPerNamespaceMax,
    timeLimitGraceMs: limits.timeLimitGraceMs,
    locksMax: limits.locksMax,
    schedulesMax: limits.schedulesPerNamespaceMax,
    slotRecordsMax: limits.scheduleHistoryMax,
    queueEvents: bounds(queueEventBounds(limits)),
    output: outputKinds.map((kind) => bounds(outputBounds(kind, limits))),
  };
  return { listed: pack({ ...env, listed: true }), other: pack({ ...env, listed: false }) };
}
