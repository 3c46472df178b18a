import type { Namespace } from "../../model/ids.ts";
import type { CancelRequest } from "../../model/task.ts";
import type { Continuation, MoreChange, TaskChange } from "../../model/task-machine.ts";
import { codeOfReason, eventKinds, states } from "../sql/codes.ts";
import { policyText } from "../sql/policy-text.ts";
import { argsOfGrowth } from "./canvas-args.ts";
import type { Packable } from "./msgpack.ts";

/** A decided change as scripts take it: in the order of changes.of in scripts/changes.ts. */
export const argsOfChange = (change: TaskChange, namespace: Namespace): Packable => [
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
  change.more && argsOfMore(change.more, namespace),
];

const argsOfMore = (more: MoreChange, namespace: Namespace): Packable => {
  const { policy, checkpoint, waitUntil, claimUntil, keepNewest, continues, grows } = more;
  return [
    policy && policyText(policy),
    checkpoint,
    waitUntil,
    claimUntil,
    keepNewest && [keepNewest.count, keepNewest.bytes],
    continues && argsOfContinuation(continues),
    grows && argsOfGrowth(grows, namespace),
  ];
};

const argsOfContinuation = ({ on, unkept, isLast }: Continuation): Packable => [
  on === "attempted" ? on : states.code(on),
  unkept,
  isLast,
];

/** A request to cancel. */
export const argsOfCancel = (cancel: CancelRequest | undefined): Packable =>
  cancel && [cancel.at, cancel.reason, cancel.requester];
