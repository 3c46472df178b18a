import type { CancelRequest } from "../../model/task.ts";
import type { MoreChange, TaskChange } from "../../model/task-machine.ts";
import { codeOfReason, eventKinds, states } from "../sql/codes.ts";
import { policyText } from "../sql/policy-text.ts";
import type { Packable } from "./msgpack.ts";

/** A decided change as scripts take it: in the order of changes.of in scripts/changes.ts. */
export const argsOfChange = (change: TaskChange): Packable => [
  states.code(change.state),
  codeOfReason(change.reason),
  eventKinds.code(change.event),
  change.attempt,
  change.deliveriesDelta,
  change.notBefore,
  change.endedAt,
  change.purgeAt,
  change.result,
  change.failure,
  argsOfCancel(change.cancel),
  change.more && argsOfMore(change.more),
];

const argsOfMore = ({
  policy,
  checkpoint,
  waitUntil,
  claimUntil,
  keepNewest,
  continues,
}: MoreChange): Packable => [
  policy && policyText(policy),
  checkpoint,
  waitUntil,
  claimUntil,
  keepNewest && [keepNewest.count, keepNewest.bytes],
  continues && [states.code(continues.on), continues.unkept],
];

/** A request to cancel. */
export const argsOfCancel = (cancel: CancelRequest | undefined): Packable =>
  cancel && [cancel.at, cancel.reason, cancel.requester];
