import { create } from "@bufbuild/protobuf";
import {
  type Gathering,
  GatheringSchema,
  OnMemberFailure as ProtoOnMemberFailure,
} from "@stem/proto/stem/v1/canvas_pb";
import { duration } from "../run-options.ts";
import type { GatherOptions, OnMemberFailure } from "./gathering.ts";
import { checkLinks, linkMessages, type Tally } from "./task-message.ts";

const modes: { readonly [M in OnMemberFailure]: ProtoOnMemberFailure } = {
  fail_fast: ProtoOnMemberFailure.FAIL_FAST,
  wait: ProtoOnMemberFailure.WAIT,
  carry_on: ProtoOnMemberFailure.CARRY_ON,
};

/** How a group is gathered, as a message. Rejects with SchemaMismatchError, RangeError. */
export async function gatheringMessage(options: GatherOptions, tally: Tally): Promise<Gathering> {
  const { onMemberFailure, open = false, skewMs, linkAttempted = [], linkCompleted = [] } = options;
  await checkLinks({ link: [...linkAttempted, ...linkCompleted] });
  const skew = duration("skewMs", skewMs);
  return create(GatheringSchema, {
    ...(onMemberFailure && { onMemberFailure: modes[onMemberFailure] }),
    ...{ open, ...(skew && { skew }) },
    linkAttempted: linkMessages(linkAttempted, tally),
    linkCompleted: linkMessages(linkCompleted, tally),
  });
}
