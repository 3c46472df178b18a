import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  CancelOutcome,
  type CancelTaskRequestSchema,
  type CancelTaskResponse,
} from "@stem/proto/stem/v1/task_admin_service_pb";
import type { CancelVerdict } from "./handle.ts";
import { stateFromProto } from "./task-state.ts";

const cancelOutcomes: Readonly<Record<number, CancelVerdict["outcome"]>> = {
  [CancelOutcome.CANCELLED]: "cancelled",
  [CancelOutcome.REQUESTED]: "requested",
  [CancelOutcome.ALREADY_TERMINAL]: "already_terminal",
};

/** What became of a cancel; one that this version does not know may still be under way. */
export const cancelOutcomeFromProto = (outcome: CancelOutcome): CancelVerdict["outcome"] =>
  cancelOutcomes[outcome] ?? "requested";

/** Cancels a task; asks again as long as it has descendants that one call did not come to. */
export async function cancelTask(
  request: MessageInitShape<typeof CancelTaskRequestSchema>,
  send: (request: MessageInitShape<typeof CancelTaskRequestSchema>) => Promise<CancelTaskResponse>,
): Promise<CancelVerdict> {
  const first = await send(request);
  let descendants = Number(first.descendantsCount);
  for (let isMore = first.descendantsLeft; isMore; ) {
    const next = await send(request);
    descendants += Number(next.descendantsCount);
    // What runs stays where it is until it has stopped; a call that found nothing new has asked all of it.
    isMore = next.descendantsLeft && next.descendantsCount > 0n;
  }
  const { outcome, state } = first;
  return {
    ...{ outcome: cancelOutcomeFromProto(outcome), state: stateFromProto(state) },
    ...(request.withDescendants && { descendants }),
  };
}
