import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { type Lock as LockMessage, LockSchema } from "@stem/proto/stem/v1/lock_pb";
import type { Limits } from "../../model/limits.ts";
import type { Lock } from "../../model/lock.ts";
import { fieldInvalid } from "../../model/problem.ts";
import { timestampFromInstant } from "./time.ts";
import { durationFault, durationMs } from "./time-fields.ts";

/** A lock as a message. */
export const lockToProto = ({ namespace, key, owner, fence, acquiredAt, expiresAt }: Lock): LockMessage =>
  create(LockSchema, {
    ...{ namespace, key, owner },
    fence: BigInt(fence),
    acquireTime: timestampFromInstant(acquiredAt),
    expireTime: timestampFromInstant(expiresAt),
  });

/** How long a lock is to be held, in milliseconds. FIELD_INVALID unless it is within the limits in force. */
export function lockTtlMs(ttl: Duration | undefined, { lockTtlMsMin, lockTtlMsMax }: Limits): number {
  const fault = ttl === undefined ? "must be given" : durationFault(ttl);
  if (ttl === undefined || fault !== undefined) throw fieldInvalid("ttl", fault ?? "");
  const ms = durationMs(ttl);
  if (ms < lockTtlMsMin || ms > lockTtlMsMax)
    throw fieldInvalid("ttl", `must be between ${lockTtlMsMin} ms and ${lockTtlMsMax} ms`);
  return ms;
}

/** How long a caller waits for a lock, in milliseconds, cut to the limit in force. */
export function lockWaitMs(wait: Duration | undefined, { lockWaitMsMax }: Limits): number {
  if (wait === undefined) return 0;
  const fault = durationFault(wait);
  if (fault !== undefined) throw fieldInvalid("wait", fault);
  return Math.min(durationMs(wait), lockWaitMsMax);
}
