import { LeaseLostReason, LeaseLostReasonSchema } from "@stem/proto/stem/v1/lease_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { expect, test } from "vitest";
import type { LostReason } from "../../broker/broker.ts";
import { leaseVerdictToProto, lostReasonToProto } from "./lease-verdict.ts";

test("every reason on the wire has its namesake in the broker", () => {
  for (const { name, number } of LeaseLostReasonSchema.values) {
    if (number === 0) continue;
    const reason = name.replace("LEASE_LOST_REASON_", "").toLowerCase() as LostReason;
    expect(lostReasonToProto(reason)).toBe(number);
  }
});

test("a lease that is held on is leased, a lost one says why", () => {
  const token = new Uint8Array([1]);
  expect(leaseVerdictToProto({ token, held: true })).toMatchObject({
    leaseToken: token,
    held: true,
    state: TaskState.LEASED,
    lostReason: LeaseLostReason.UNSPECIFIED,
  });
  expect(leaseVerdictToProto({ token, held: false, state: "cancelled", why: "cancelled" })).toMatchObject({
    held: false,
    state: TaskState.CANCELLED,
    lostReason: LeaseLostReason.CANCELLED,
  });
});
