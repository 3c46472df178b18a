import type { Gate, TaskTies } from "../../model/gate.ts";
import { stages } from "../../model/gatekeeper.ts";
import {
  barrierIdOf,
  canvasIdOf,
  type Instant,
  instantOf,
  type Namespace,
  partIdOf,
  queueNameOf,
  taskIdOf,
  taskNameOf,
} from "../../model/ids.ts";
import type { Place } from "../../model/place.ts";
import {
  type CancelRequest,
  isTerminal,
  type Task,
  type TaskHead,
  type TaskInput,
} from "../../model/task.ts";
import type { Claimed } from "../../ports/task-store.ts";
import { reasonOfCode, states } from "../sql/codes.ts";
import { linksOfText } from "../sql/links-text.ts";
import { policyOfText } from "../sql/policy-text.ts";
import { tiesOfText } from "../sql/ties-text.ts";
import { type Unpacked, unpack } from "./msgpack.ts";
import { type TaskField, taskPlaces } from "./scripts/task-fields.ts";
import { bytesOf, listOf, maybe, numberOf, textOf } from "./unpacked.ts";

/** A time. */
export const timeOf = (value: Unpacked): Instant => instantOf(numberOf(value));

/** The head of a task, from its row as it is kept. */
export const headOfRow = (namespace: Namespace, raw: Unpacked): TaskHead =>
  headOf(namespace, listOf(unpack(raw as Buffer)));

function headOf(namespace: Namespace, columns: readonly Unpacked[]): TaskHead {
  const at = (field: TaskField): Unpacked => columns[taskPlaces[field]] ?? false;
  const time = (field: TaskField) => maybe(at(field), timeOf);
  const id = (field: TaskField) => maybe(at(field), (value) => taskIdOf(textOf(value)));
  const [state, name] = [states.word(numberOf(at("state"))), taskNameOf(textOf(at("name")))];
  const ties = tiesOfText(maybe(at("ties"), textOf));
  const [fence, rootId, timer] = [at("fence"), id("rootId"), time("timer")];
  return {
    namespace,
    id: taskIdOf(textOf(at("id"))),
    name,
    queue: queueNameOf(textOf(at("queue"))),
    priority: numberOf(at("priority")),
    policy: policyOfText(textOf(at("policy"))),
    state,
    reason: reasonOfCode(numberOf(at("reason"))),
    revision: numberOf(at("revision")),
    attempt: numberOf(at("attempt")),
    deliveries: numberOf(at("deliveries")),
    fence: maybe(fence, (seq) => ({ epoch: numberOf(at("epoch")), seq: numberOf(seq) })),
    worker: maybe(at("worker"), textOf),
    createdAt: timeOf(at("createdAt")),
    notBefore: time("notBefore"),
    startedAt: time("startedAt"),
    leaseUntil: state === "leased" ? timer : undefined,
    endedAt: time("endedAt"),
    purgeAt: isTerminal(state) ? timer : undefined,
    cancel: maybe(at("cancel"), cancelOf),
    tags: maybe(at("tags"), (text) => JSON.parse(textOf(text)) as string[]) ?? [],
    replayOf: id("replayOf"),
    ties,
    gate: state === "ready" ? gateAt(numberOf(at("held")), { name, ties }) : undefined,
    lineage: rootId && { parentId: id("parentId"), rootId },
  };
}

/** A request to cancel. */
export function cancelOf(value: Unpacked): CancelRequest {
  const [at, reason, requester] = listOf(value);
  return { at: timeOf(at ?? false), reason: textOf(reason), requester: maybe(requester, textOf) };
}

/** The gate of a task that stands at this stage. */
function gateAt(
  held: number,
  { name, ties }: { readonly name: string; readonly ties: TaskTies | undefined },
): Gate | undefined {
  if (held === stages.ordering) return { kind: "ordering", subject: ties?.orderingKey ?? "" };
  if (held === stages.key) return { kind: "key", subject: ties?.limitKey ?? "" };
  return held === stages.name ? { kind: "name", subject: name } : undefined;
}

/** A task in full: its row, its content, what few have, and how many duplicates its key turned away. */
export function taskOfRow(namespace: Namespace, value: Unpacked): Task {
  const [raw = false, content = false, pairs = false, duplicates = false] = listOf(value);
  const more = pairsOf(pairs);
  const input = inputOf(more.get("input"), more.get("handed"));
  const columns = listOf(unpack(raw as Buffer));
  const at = (field: TaskField): Unpacked => columns[taskPlaces[field]] ?? false;
  return {
    ...headOf(namespace, columns),
    ...standingOf(at("place")),
    content: content === false ? new Uint8Array() : bytesOf(content),
    result: maybe(more.get("result"), bytesOf),
    failure: maybe(more.get("failure"), bytesOf),
    claim: maybe(duplicates, (count) => ({ key: textOf(at("claimKey")), duplicates: numberOf(count) })),
    links: maybe(more.get("links"), (text) => linksOfText(textOf(text))),
    input,
  };
}

/** Where a task is in a canvas, and what follows it there. */
const standingOf = (place: Unpacked): Required<Pick<Task, "place" | "next">> => ({
  place: maybe(place, placeOf),
  next: maybe(place, (said) => maybe(listOf(said)[6], (id) => partIdOf(textOf(id)))),
});

/** Where something is in a canvas. */
export function placeOf(value: Unpacked): Place {
  const [canvas, barrier, index, isPassing, step, isTried] = listOf(value);
  return {
    canvas: canvasIdOf(textOf(canvas)),
    barrier: barrierIdOf(textOf(barrier)),
    index: numberOf(index),
    reports: isPassing === true ? "unsuccessful" : "end",
    step: maybe(step, numberOf),
    ...(isTried === true && { isTried }),
  };
}

/** A task without its content and results, as lists show it. */
export function basicTaskOfRow(namespace: Namespace, raw: Unpacked): Task {
  const columns = listOf(unpack(raw as Buffer));
  return {
    ...headOf(namespace, columns),
    ...standingOf(columns[taskPlaces.place] ?? false),
    ...{ content: new Uint8Array(), result: undefined, failure: undefined },
  };
}

/** Fields and values in turn, as Redis answers a hash. */
function pairsOf(value: Unpacked): ReadonlyMap<string, Unpacked> {
  const items = value === false ? [] : listOf(value);
  const pairs = new Map<string, Unpacked>();
  for (let at = 0; at + 1 < items.length; at += 2) pairs.set(textOf(items[at]), items[at + 1] ?? false);
  return pairs;
}

function inputOf(head: Unpacked | undefined, data: Unpacked | undefined): TaskInput | undefined {
  if (head === undefined || head === false) return undefined;
  const columns = listOf(unpack(head as Buffer));
  const [from, fromName, rootId, on, isHanded, member, reason, attempt, isBarrier] = columns;
  return {
    from: taskIdOf(textOf(from)),
    fromName: taskNameOf(textOf(fromName)),
    rootId: taskIdOf(textOf(rootId)),
    on: states.word(numberOf(on)) === "failed" ? "failed" : "succeeded",
    isHanded: isHanded === true,
    member: maybe(member, textOf),
    data: maybe(data, bytesOf),
    reason: reasonOfCode(numberOf(reason)),
    attempt: numberOf(attempt),
    ...(isBarrier === true && { isBarrier }),
  };
}

/** A task as a claim hands it out. */
export function claimedOfRow(value: Unpacked): Claimed {
  const [id, queue, epoch, seq, createdAt, content, policy, attempt, deliveries, ...more] = listOf(value);
  const [checkpoint, head, data] = more;
  const input = inputOf(head, data);
  return {
    id: taskIdOf(textOf(id)),
    queue: queueNameOf(textOf(queue)),
    fence: { epoch: numberOf(epoch), seq: numberOf(seq) },
    createdAt: timeOf(createdAt ?? false),
    content: bytesOf(content),
    policy: policyOfText(textOf(policy)),
    attempt: numberOf(attempt),
    deliveries: numberOf(deliveries),
    checkpoint: maybe(checkpoint, bytesOf),
    ...(input && { input }),
  };
}
