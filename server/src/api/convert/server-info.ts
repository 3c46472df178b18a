import { create } from "@bufbuild/protobuf";
import {
  type ClockStatus as ClockStatusMessage,
  ClockStatusSchema,
  Durability as DurabilityMessage,
  type GetServerInfoResponse,
  GetServerInfoResponseSchema,
  type TaskDefaults,
  TaskDefaultsSchema,
} from "@stem/proto/stem/v1/server_service_pb";
import type { ClockStatus } from "../../lib/clock-watch.ts";
import { type Instant, instantOf } from "../../model/ids.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { Durability } from "../../ports/store.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";

/** The worker protocols that this server speaks. */
export const workerProtocol = { min: 1, max: 1 } as const;

/** What a server says of itself that nobody can set. */
export type ServerFacts = {
  readonly version: string;
  /** The store's kind, such as "sqlite". */
  readonly store: string;
  readonly durability: Durability;
  readonly startedAt: Instant;
  readonly clock: () => ClockStatus;
};

/** Everything that GetServerInfo tells. */
export type ServerInfo = ServerFacts & {
  readonly protocol: { readonly min: number; readonly max: number };
  readonly limits: Limits;
  readonly defaults: Defaults;
  readonly namespaces: () => readonly string[];
};

const durabilities: { readonly [D in Durability]: DurabilityMessage } = {
  disk: DurabilityMessage.DISK,
  relaxed: DurabilityMessage.RELAXED,
  none: DurabilityMessage.NONE,
};

/** The answer of GetServerInfo. */
export const serverInfoToProto = (info: ServerInfo): GetServerInfoResponse =>
  create(GetServerInfoResponseSchema, {
    version: info.version,
    store: info.store,
    durability: durabilities[info.durability],
    protocolMin: info.protocol.min,
    protocolMax: info.protocol.max,
    startTime: timestampFromInstant(info.startedAt),
    limits: Object.fromEntries(Object.entries(info.limits).map(([name, value]) => [name, BigInt(value)])),
    defaults: defaultsToProto(info.defaults),
    namespaces: [...info.namespaces()],
    clock: clockToProto(info.clock()),
  });

const clockToProto = ({ jumps, last, aheadMs }: ClockStatus): ClockStatusMessage =>
  create(ClockStatusSchema, {
    jumps: BigInt(jumps),
    ...(last && {
      lastJumpTime: timestampFromInstant(instantOf(last.at)),
      lastJump: durationFromMs(last.byMs),
    }),
    ahead: durationFromMs(aheadMs),
  });

const defaultsToProto = (defaults: Defaults): TaskDefaults =>
  create(TaskDefaultsSchema, {
    queue: defaults.queue,
    priority: defaults.priority,
    maxAttempts: defaults.maxAttempts,
    maxDeliveries: defaults.maxDeliveries,
    leaseDuration: durationFromMs(defaults.leaseMs),
    heartbeatInterval: durationFromMs(defaults.heartbeatMs),
    leaseGrace: durationFromMs(defaults.leaseGraceMs),
    retryBaseDelay: durationFromMs(defaults.retryBaseMs),
    retryFactor: defaults.retryFactor,
    retryMaxDelay: durationFromMs(defaults.retryMaxMs),
    resultRetention: durationFromMs(defaults.retentionMs),
    deadLetterRetention: durationFromMs(defaults.deadLetterRetentionMs),
    reapInterval: durationFromMs(defaults.reapIntervalMs),
    unknownNameDelay: durationFromMs(defaults.unknownNameDelayMs),
  });
