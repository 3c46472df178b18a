import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Grant, GrantSchema } from "@stem/proto/stem/v1/lease_pb";
import { HeldLease } from "../../worker/src/lease.ts";

/** What a test wants of a grant; the rest is usual. */
export type GrantWish = {
  readonly taskId?: string;
  readonly name?: string;
  readonly json?: string;
  readonly attempt?: number;
  readonly timeLimitMs?: number;
  readonly softTimeLimitMs?: number;
  readonly leaseMs?: number;
};

/** A grant as a server would send it; its token is its task's id. */
export function grantOf({ taskId = "t1", name = "work", json = "[]", ...wish }: GrantWish = {}): Grant {
  return create(GrantSchema, {
    leaseToken: Buffer.from(taskId),
    taskId,
    queue: "default",
    task: {
      name,
      args: { data: { case: "json", value: json } },
      headers: { tenant: "a" },
      tags: ["nightly"],
      trace: { traceparent: "00-1-2-01", tracestate: "" },
      ...(wish.timeLimitMs !== undefined && { options: { timeLimit: durationFromMs(wish.timeLimitMs) } }),
    },
    fence: { epoch: 1_800_000_000_000n, seq: 7n },
    attempt: wish.attempt ?? 1,
    maxAttempts: 4,
    delivery: 2,
    ...(wish.softTimeLimitMs !== undefined && { softTimeLimit: durationFromMs(wish.softTimeLimitMs) }),
    ...(wish.leaseMs !== undefined && { leaseDuration: durationFromMs(wish.leaseMs) }),
  });
}

/** A lease of 20 s, counted from `countedFrom`, to be started within a second of it. */
export const heldLeaseOf = (wish: GrantWish = {}, countedFrom = 0, seq = 1): HeldLease =>
  new HeldLease(grantOf(wish), { seq, leaseMs: 20_000, countedFrom, startBy: countedFrom + 1000 });
