import { durationMs, timestampDate } from "@bufbuild/protobuf/wkt";
import { createClient, type Transport } from "@connectrpc/connect";
import type { Lock as LockMessage } from "@stem/proto/stem/v1/lock_pb";
import { LockService } from "@stem/proto/stem/v1/lock_service_pb";
import { duration } from "./run-options.ts";

/** A lock that somebody holds. */
export type LockStatus = {
  readonly key: string;
  /** Who holds it, as the holder called itself. */
  readonly owner: string;
  /** Rises with every new holder of the key, for ever. */
  readonly fence: bigint;
  readonly acquiredAt: Date;
  /** When it ends unless it is renewed, by the server's clock. */
  readonly expiresAt: Date;
};

/** Who holds which lock, as the server knows it. */
export type LockHold = { readonly key: string; readonly owner: string; readonly fence: bigint };

/** Who wants which lock. */
export type AcquireWish = {
  readonly key: string;
  readonly owner: string;
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
};

/** The calls about locks, one try each; they throw what the transport throws. */
export type LockCalls = {
  /** The fence, and how long the server let the call wait. */
  acquire(wish: AcquireWish): Promise<{ readonly fence: bigint; readonly waitedMs: number }>;
  renew(hold: LockHold, ttlMs: number, timeoutMs: number): Promise<void>;
  release(hold: LockHold): Promise<void>;
  get(key: string): Promise<LockStatus | undefined>;
  list(pageToken: string): Promise<{ readonly locks: readonly LockStatus[]; readonly nextPageToken: string }>;
};

// The server gives a call this long; beyond it nobody is listening.
const callMsMax = 30_000;
const pageSize = 1000;

/** Binds the generated service to one namespace; undefined: the server's default. */
export function createLockCalls(transport: Transport, namespace: string | undefined): LockCalls {
  const locks = createClient(LockService, transport);
  const inNamespace = namespace === undefined ? {} : { namespace };
  const timed = { timeoutMs: callMsMax };
  return {
    async acquire({ key, owner, ttlMs, waitMs, signal }) {
      const times = { ttl: duration("ttlMs", ttlMs), wait: duration("waitMs", waitMs) };
      const request = { ...inNamespace, key, owner, ...times };
      const options = { timeoutMs: callMsMax + Math.ceil(waitMs), signal };
      const { lock, waited } = await locks.acquireLock(request, options);
      if (lock === undefined) throw new Error("the server answered without the lock");
      return { fence: lock.fence, waitedMs: waited ? durationMs(waited) : 0 };
    },
    async renew(hold, ttlMs, timeoutMs) {
      const request = { ...inNamespace, ...hold, ttl: duration("ttlMs", ttlMs) };
      await locks.renewLock(request, { timeoutMs: Math.max(1, Math.floor(timeoutMs)) });
    },
    async release(hold) {
      await locks.releaseLock({ ...inNamespace, ...hold }, timed);
    },
    async get(key) {
      const { lock } = await locks.getLock({ ...inNamespace, key }, timed);
      return lock && statusOf(lock);
    },
    async list(pageToken) {
      const page = await locks.listLocks({ ...inNamespace, pageSize, pageToken }, timed);
      return { locks: page.locks.map(statusOf), nextPageToken: page.nextPageToken };
    },
  };
}

function statusOf({ key, owner, fence, acquireTime, expireTime }: LockMessage): LockStatus {
  if (acquireTime === undefined || expireTime === undefined)
    throw new Error("the server answered with a lock that has no times");
  return {
    ...{ key, owner, fence },
    acquiredAt: timestampDate(acquireTime),
    expiresAt: timestampDate(expireTime),
  };
}
