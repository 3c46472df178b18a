import { callbackId } from "../../model/callbacks.ts";
import type {
  Callback,
  CanvasFacts,
  Cause,
  CauseReason,
  Growth,
  KeptMember,
  NewBarrier,
  Part,
  PartTask,
} from "../../model/canvas.ts";
import type { BarrierId, Namespace } from "../../model/ids.ts";
import { textOfFacts, textOfPart } from "../sql/barrier-text.ts";
import { reasons, states } from "../sql/codes.ts";
import { written } from "../sql/links-text.ts";
import { type Packable, pack } from "./msgpack.ts";
import { argsOfMade, argsOfPlace } from "./task-args.ts";

/** So many tasks are packed together. */
export const togetherMax = 250;

/** The tasks of a part, as scripts take them. */
export type Pieces = readonly { readonly tasks: readonly PartTask[]; readonly packed: Packable }[];

/** Packs them. */
export const piecesOfPart = ({ tasks }: Part, namespace: Namespace): Pieces =>
  Array.from({ length: Math.ceil(tasks.length / togetherMax) }, (_, at) => {
    const piece = tasks.slice(at * togetherMax, (at + 1) * togetherMax);
    const packed = pack(piece.map((task) => argsOfMade(undefined, task, { namespace, id: task.id })));
    return { tasks: piece, packed };
  });

/** What starts together, as scripts/ends.ts tells; behind it, of further members, how many there are by the barrier that they are under. */
export const argsOfPart = (
  part: Part,
  namespace: Namespace,
  pieces = piecesOfPart(part, namespace),
): readonly Packable[] => [
  part.barriers.map((barrier) => argsOfBarrier(barrier, namespace)),
  pieces.map(({ packed }) => packed),
];

/** Further members. */
export const argsOfMembers = (part: Part, namespace: Namespace, pieces?: Pieces): Packable => [
  ...argsOfPart(part, namespace, pieces),
  membersByBarrier(part),
];

function membersByBarrier({ barriers, tasks }: Part): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const place of [...barriers.map((each) => each.place), ...tasks.map(({ task }) => task.place)])
    if (place !== undefined) counts.set(place.barrier, (counts.get(place.barrier) ?? 0) + 1);
  return Object.fromEntries(counts);
}

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
  members && argsOfMembers(members, namespace),
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
export const argsOfEnded = (members: readonly KeptMember[]): Packable =>
  [...Map.groupBy(members, ({ barrier }) => barrier)].map(([barrier, own]) => [
    barrier,
    own.flatMap(({ index, state, source: { kind, id } }) => [
      index,
      pack([states.code(state), kind === "task", id]),
    ]),
  ]);

/** Why a barrier failed, in the form in which it is kept. */
export const argsOfCause = ({ state, reason, task, name, attempt, failure, cancel }: Cause): Packable =>
  pack([
    ...[states.code(state), reasonArg(reason), task, name, attempt, failure],
    cancel && [cancel.reason, cancel.requester],
  ]);

/** A reason of a task by its number; one that no task has by its word. */
const reasonArg = (reason: CauseReason | undefined): Packable =>
  reason === undefined ? 0 : reason === "deadline" || reason === "not_made" ? reason : reasons.code(reason);
