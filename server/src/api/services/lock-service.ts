import { clone, create } from "@bufbuild/protobuf";
import {
  AcquireLockResponseSchema,
  GetLockResponseSchema,
  type ListLocksRequest,
  ListLocksRequestSchema,
  type ListLocksResponse,
  ListLocksResponseSchema,
  LockService,
  ReleaseLockResponseSchema,
  RenewLockResponseSchema,
} from "@stem/proto/stem/v1/lock_service_pb";
import { type LockRef, lockKeyOf, type Namespace } from "../../model/ids.ts";
import { StemProblem } from "../../model/problem.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { lockToProto, lockTtlMs, lockWaitMs } from "../convert/lock.ts";
import { type PageQuestion, pageSizeOf } from "../convert/page-token.ts";
import { durationFromMs } from "../convert/time.ts";
import type { ServiceDeps } from "../service-deps.ts";

type LockServiceDeps = Pick<ServiceDeps, "locks" | "limits" | "namespaces" | "pageTokens" | "draining">;

/** Serves those who hold locks, and those who look after them. */
export function createLockService(deps: LockServiceDeps): ServiceEntry {
  const { locks, limits, namespaces, draining } = deps;
  const refOf = (request: { readonly namespace?: string | undefined; readonly key: string }): LockRef => ({
    namespace: namespaces(request.namespace),
    key: lockKeyOf(request.key),
  });
  const holdOf = (
    request: Parameters<typeof refOf>[0] & { readonly owner: string; readonly fence: bigint },
  ) => ({
    ...refOf(request),
    owner: request.owner,
    fence: Number(request.fence),
  });
  return serve(LockService, {
    async acquireLock(request, { signal }) {
      const wish = {
        ...refOf(request),
        owner: request.owner,
        ttlMs: lockTtlMs(request.ttl, limits),
        waitMs: lockWaitMs(request.wait, limits),
      };
      // A server that goes away lets nobody wait: another one has the lock sooner.
      if (draining.aborted) throw new StemProblem({ reason: "DRAINING" });
      const { lock, renewed, waitedMs } = await locks.acquire(wish, AbortSignal.any([signal, draining]));
      return create(AcquireLockResponseSchema, {
        lock: lockToProto(lock),
        renewed,
        waited: durationFromMs(waitedMs),
      });
    },
    async renewLock(request) {
      const lock = await locks.renew(holdOf(request), lockTtlMs(request.ttl, limits));
      return create(RenewLockResponseSchema, { lock: lockToProto(lock) });
    },
    async releaseLock(request) {
      await locks.release(holdOf(request));
      return create(ReleaseLockResponseSchema);
    },
    async getLock(request) {
      const lock = await locks.get(refOf(request));
      return create(GetLockResponseSchema, lock && { lock: lockToProto(lock) });
    },
    listLocks: (request) => listLocks(request, deps),
  });
}

async function listLocks(
  request: ListLocksRequest,
  { locks, limits, namespaces, pageTokens }: LockServiceDeps,
): Promise<ListLocksResponse> {
  const namespace = namespaces(request.namespace);
  const question = listLocksQuestion(request, namespace);
  const cursor = pageTokens.read(question, request.pageToken);
  const pageSize = pageSizeOf(request.pageSize, limits);
  // One more than is shown tells whether there is a next page.
  const found = await locks.list(namespace, cursor === undefined ? cursor : lockKeyOf(cursor), pageSize + 1);
  const shown = found.slice(0, pageSize);
  return create(ListLocksResponseSchema, {
    locks: shown.map(lockToProto),
    nextPageToken: pageTokens.sign(question, found.length > pageSize ? shown.at(-1)?.key : undefined),
  });
}

function listLocksQuestion(request: ListLocksRequest, namespace: Namespace): PageQuestion {
  const question = clone(ListLocksRequestSchema, request);
  return {
    schema: ListLocksRequestSchema,
    request: Object.assign(question, { namespace, pageSize: 0, pageToken: "" }),
  };
}
