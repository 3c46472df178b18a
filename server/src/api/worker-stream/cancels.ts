import { create } from "@bufbuild/protobuf";
import { type CancelledLease, CancelledLeaseSchema } from "@stem/proto/stem/v1/worker_service_pb";
import type { Bytes } from "../../model/ids.ts";
import type { Clock } from "../../ports/clock.ts";

/** Cancels that wait to be sent. */
export interface Cancels {
  /** Somebody wants an attempt stopped. */
  add(leaseToken: Bytes, reason: string, requester?: string): void;
  /** Some of those that may be sent now; none when there are none. */
  take(): CancelledLease[];
}

/** Cancels in one frame, each with a token and a reason. */
const cancelsMax = 500;

/**
 * Makes an empty list; `onDue` is called when there is something to take. The broker may tell of a cancel while the grant that it is
 * about is still on its way to the outbox: by the next turn it is there, so cancels become due a turn after they came.
 */
export function createCancels(clock: Clock, onDue: () => void): Cancels {
  let fresh: CancelledLease[] = [];
  let due: CancelledLease[] = [];
  return {
    add(leaseToken, reason, requester = "") {
      fresh.push(create(CancelledLeaseSchema, { leaseToken, reason, requester }));
      if (fresh.length > 1) return;
      clock.after(0, () => {
        due = [...due, ...fresh];
        fresh = [];
        onDue();
      });
    },
    take: () => due.splice(0, cancelsMax),
  };
}
