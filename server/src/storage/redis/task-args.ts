import { contentHashOf } from "../../model/content-hash.ts";
import { linkedBytes, linkedId } from "../../model/continuation.ts";
import { laneOf } from "../../model/gate.ts";
import type { Namespace, TaskId } from "../../model/ids.ts";
import type { Link, NewTask, TaskInput, TaskPolicy } from "../../model/task.ts";
import { codeOfReason, states } from "../sql/codes.ts";
import { textOfLinks } from "../sql/links-text.ts";
import { policyText } from "../sql/policy-text.ts";
import { textOfTies } from "../sql/ties-text.ts";
import { type Packable, pack } from "./msgpack.ts";

/** A new task as scripts take it: in the order that scripts/accept.ts tells. */
export function argsOfTask(task: NewTask): readonly Packable[] {
  const { namespace, id, policy, ties, lineage, unique, links, input } = task;
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
  ];
}

/** Ids count the links for one end by themselves. */
const placeAmong = (links: readonly Link[], at: number): number =>
  links.slice(0, at).filter(({ on }) => on === links[at]?.on).length;

/** What a link makes, as far as it is known before; the script that ends the task adds what it then knows. */
function argsOfLink(
  { on, ownId, task, acceptedAt, isStartFixed, expireAt, hands }: Link,
  place: number,
  parent: { readonly namespace: Namespace; readonly id: TaskId },
): Packable {
  const { namespace, id } = parent;
  const made = {
    ...task,
    ...{ namespace, id: ownId ?? linkedId(namespace, id, on, place) },
    ...{ replayOf: undefined, lineage: undefined, input: undefined },
  };
  return [
    states.code(on),
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
];

/** No expiry is as long as this. */
const markMs = 8_999_999_999_999_999;

/** The text of a policy before and behind its expiry, so that a script can write another one. */
function aroundExpiry(policy: TaskPolicy): readonly [before: string, behind: string] {
  const [before = "", behind = ""] = policyText({ ...policy, expireMs: markMs }).split(String(markMs));
  return [before, behind];
}
