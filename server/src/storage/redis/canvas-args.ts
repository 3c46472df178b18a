import { callbackId } from "../../model/barrier.ts";
import type {
  Callback,
  CanvasFacts,
  Cause,
  CauseReason,
  Growth,
  KeptMember,
  NewBarrier,
  Part,
} from "../../model/canvas.ts";
import type { BarrierId, Namespace } from "../../model/ids.ts";
import { textOfFacts, textOfPart } from "../sql/barrier-text.ts";
import { reasons, states } from "../sql/codes.ts";
import { written } from "../sql/links-text.ts";
import { type Packable, pack } from "./msgpack.ts";
import { argsOfMade, argsOfPlace } from "./task-args.ts";

/** What starts together, as scripts/ends.ts tells. */
export const argsOfPart = ({ barriers, tasks }: Part, namespace: Namespace): Packable => [
  barriers.map((barrier) => argsOfBarrier(barrier, namespace)),
  tasks.map((task) => argsOfMade(undefined, task, { namespace, id: task.id })),
];

/** Parts that wait, each with the form in which it is kept. */
export const argsOfParts = (parts: readonly Part[], namespace: Namespace): Packable =>
  parts.map((part) => [part.id, pack([textOfPart(part), argsOfPart(part, namespace), part.first])]);

/** A barrier on its way in: in the order of barriers.open in scripts/barriers.ts. */
export function argsOfBarrier(barrier: NewBarrier, namespace: Namespace): Packable {
  const { id, place, shape, onMemberFailure, size, isSealed, next, callbacks } = barrier;
  const isCalling = callbacks.length > 0;
  return [
    id,
    place && argsOfPlace(place),
    shape,
    onMemberFailure,
    size,
    isSealed,
    next,
    isCalling && JSON.stringify(callbacks.map(written)),
    isCalling && pack(callbacks.map((_, at) => argsOfCallback(callbacks, at, { namespace, id }))),
  ];
}

/** Ids count the callbacks for one end by themselves. */
function argsOfCallback(
  callbacks: readonly Callback[],
  at: number,
  { namespace, id }: { readonly namespace: Namespace; readonly id: BarrierId },
): Packable {
  const callback = callbacks[at];
  if (callback === undefined) throw new RangeError("there is no such callback");
  const place = callbacks.slice(0, at).filter(({ on }) => on === callback.on).length;
  const own = callback.ownId ?? callbackId(namespace, id, callback.on, place);
  return argsOfMade(callback.on, callback, { namespace, id: own });
}

/** What a settlement adds to the canvas of its task. */
export const argsOfGrowth = ({ replacement, members, parts }: Growth, namespace: Namespace): Packable => [
  replacement && argsOfPart(replacement, namespace),
  members && argsOfPart(members, namespace),
  argsOfParts(parts, namespace),
];

/** What is said of a canvas: what decides, and what is only read. */
export const argsOfFacts = (facts: CanvasFacts): Packable => [
  facts.contentHash,
  facts.retentionMs,
  facts.deadline,
  facts.name,
  facts.tags.length > 0 && JSON.stringify(facts.tags),
  textOfFacts(facts),
  facts.description,
  facts.retryOf,
];

/** Members that have ended before: of each barrier its id, and indexes and members in turn, in the form in which they are kept. */
export const argsOfMembers = (members: readonly KeptMember[]): Packable =>
  [...Map.groupBy(members, ({ barrier }) => barrier)].map(([barrier, own]) => [
    barrier,
    own.flatMap(({ index, state, source: { kind, id } }) => [
      index,
      pack([states.code(state), kind === "task", id]),
    ]),
  ]);

/** Why a barrier failed, in the form in which it is kept. */
export const argsOfCause = ({ state, reason, task, name, attempt, failure }: Cause): Packable =>
  pack([states.code(state), reasonArg(reason), task, name, attempt, failure]);

/** A reason of a task by its number; one that no task has by its word. */
const reasonArg = (reason: CauseReason | undefined): Packable =>
  reason === undefined ? 0 : reason === "deadline" || reason === "not_made" ? reason : reasons.code(reason);
