import type { PartTask } from "../../model/canvas.ts";
import { contentHashOf } from "../../model/content-hash.ts";
import { linkedBytes, linkedId } from "../../model/continuation.ts";
import { laneOf } from "../../model/gate.ts";
import type { TaskRef } from "../../model/ids.ts";
import type { Place } from "../../model/place.ts";
import type { Link, NewTask, TaskInput, TaskPolicy } from "../../model/task.ts";
import { codeOfReason, states } from "../sql/codes.ts";
import { textOfLinks } from "../sql/links-text.ts";
import { policyText } from "../sql/policy-text.ts";
import { textOfTies } from "../sql/ties-text.ts";
import { type Packable, pack } from "./msgpack.ts";

/** A new task as scripts take it: in the order that scripts/accept.ts tells. */
export function argsOfTask(task: NewTask): readonly Packable[] {
  const { namespace, id, policy, ties, lineage, unique, links, input, place, next } = task;
  return [
    id,
    task.name,
    task.queue,
    task.priority,
    policyText(policy),
    task.notBefore,
    task.tags.length > 0 && JSON.stringify(task.tags),
    task.replayOf,
    textOfTies(ties) ?? false,
    ties?.orderingKey,
    ties?.limitKey,
    ties?.fairnessKey,
    laneOf(ties?.labels),
    lineage?.parentId,
    lineage?.rootId,
    task.content,
    contentHashOf(task),
    unique && [unique.key, unique.onConflict, unique.keepUntil, unique.startBy],
    links && textOfLinks(links),
    links && pack(links.map((link, at) => argsOfLink(link, placeAmong(links, at), { namespace, id }))),
    input && argsOfInput(input),
    input?.data,
    linkedBytes(task),
    policy.expireMs !== undefined && [...aroundExpiry(policy), policy.expireMs],
    place && [...argsOfPlace(place), next],
  ];
}

/** Where something is in a canvas: in the order that scripts/ends.ts tells. */
export const argsOfPlace = ({
  canvas,
  barrier,
  index,
  reports,
  step,
  isTried,
}: Place): readonly Packable[] => [canvas, barrier, index, reports === "unsuccessful", step, isTried];

/** Ids count the links for one end by themselves. */
const placeAmong = (links: readonly Link[], at: number): number =>
  links.slice(0, at).filter(({ on }) => on === links[at]?.on).length;

/** What a link makes. */
function argsOfLink(link: Link, place: number, { namespace, id }: TaskRef): Packable {
  const made = link.ownId ?? linkedId(namespace, id, link.on, place);
  return [...argsOfMade(states.code(link.on), link, { namespace, id: made }), link.ownId !== undefined];
}

type Made = Omit<Link, "on" | "ownId"> & Pick<PartTask, "resumes">;

/** What an end makes, as far as it is known before; the script that tells the end adds what it then knows. */
export function argsOfMade(
  on: string | number | undefined,
  { task, acceptedAt, isStartFixed, expireAt, hands, resumes }: Made,
  ref: TaskRef,
): readonly Packable[] {
  const before = { replayOf: resumes?.replayOf, lineage: undefined, input: resumes?.input };
  const made = { ...task, ...ref, ...before };
  return [
    on,
    argsOfTask(made),
    acceptedAt,
    isStartFixed,
    expireAt,
    expireAt !== undefined && aroundExpiry(task.policy),
    hands && [hands.member],
  ];
}

const argsOfInput = (input: TaskInput): Packable => [
  input.from,
  input.fromName,
  input.rootId,
  states.code(input.on),
  input.isHanded,
  input.member,
  codeOfReason(input.reason),
  input.attempt,
  input.isBarrier,
];

/** No expiry is as long as this. */
const markMs = 8_999_999_999_999_999;

/** The text of a policy before and behind its expiry, so that a script can write another one. */
function aroundExpiry(policy: TaskPolicy): readonly [before: string, behind: string] {
  const [before = "", behind = ""] = policyText({ ...policy, expireMs: markMs }).split(String(markMs));
  return [before, behind];
}
