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
  type Fence,
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
import {
  type ClaimedRow,
  claimedIn,
  numberAt,
  type RowTexts,
  restIn,
  textsIn,
  workerIn,
} from "./row-bytes.ts";
import type { HeadField, RestField } from "./scripts/task-fields.ts";
import { bytesOf, listOf, maybe, numberOf, textOf } from "./unpacked.ts";

/** A time. */
export const timeOf = (value: Unpacked): Instant => instantOf(numberOf(value));

/** The head of a task, from its row as it is kept. */
export const headOfRow = (namespace: Namespace, raw: Unpacked): TaskHead => headOf(namespace, opened(raw));

/** A row, its texts and what is packed in it. */
type Opened = { readonly row: Buffer; readonly texts: RowTexts; readonly at: (field: RestField) => Unpacked };

function opened(raw: Unpacked): Opened {
  const row = raw as Buffer;
  const texts = textsIn(row);
  return { row, texts, at: restIn(row, texts) };
}

function headOf(namespace: Namespace, { row, texts, at }: Opened): TaskHead {
  const time = (field: HeadField): Instant | undefined => timeOrNone(numberAt(row, field));
  const id = (field: RestField) => maybe(at(field), (value) => taskIdOf(textOf(value)));
  const [state, name] = [states.word(numberAt(row, "state") ?? 0), taskNameOf(textOf(at("name")))];
  const ties = tiesOfText(maybe(at("ties"), textOf));
  const [fence, rootId, timer] = [fenceIn(row), id("rootId"), time("timer")];
  return {
    namespace,
    id: taskIdOf(textOf(texts.id)),
    name,
    queue: queueNameOf(textOf(texts.queue)),
    priority: numberOf(at("priority")),
    policy: policyOfText(textOf(texts.policy)),
    state,
    reason: reasonOfCode(numberAt(row, "reason") ?? 0),
    revision: numberAt(row, "revision") ?? 0,
    attempt: numberAt(row, "attempt") ?? 0,
    deliveries: numberAt(row, "deliveries") ?? 0,
    fence,
    worker: fence && workerIn(row),
    createdAt: instantOf(numberAt(row, "createdAt") ?? 0),
    notBefore: maybe(at("notBefore"), timeOf),
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

const timeOrNone = (value: number | undefined): Instant | undefined =>
  value === undefined ? undefined : instantOf(value);

function fenceIn(row: Buffer): Fence | undefined {
  const [epoch, seq] = [numberAt(row, "epoch"), numberAt(row, "fence")];
  return epoch === undefined || seq === undefined ? undefined : { epoch, seq };
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
  const row = opened(raw);
  const { at } = row;
  return {
    ...headOf(namespace, row),
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
  const row = opened(raw);
  return {
    ...headOf(namespace, row),
    ...standingOf(row.at("place")),
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

/** Tasks as a claim hands them out: {rows and contents in turn, what some have besides, each behind its place}. */
export function claimedOf(answer: Unpacked): readonly Claimed[] {
  const [list = false, extras = false] = listOf(answer);
  const besides = new Map(
    maybe(extras, listOf)?.map((extra) => {
      const [place, ...more] = listOf(extra);
      return [numberOf(place), more];
    }),
  );
  const pairs = listOf(list);
  const claimed: Claimed[] = [];
  let read: ClaimedRow | undefined;
  for (let place = 0; place * 2 < pairs.length; place += 1) {
    read = claimedIn(pairs[place * 2] as Buffer, read);
    claimed.push(claimedOfRow(read, pairs[place * 2 + 1] as Buffer, besides.get(place) ?? nothing));
  }
  return claimed;
}

const nothing: readonly Unpacked[] = [];

function claimedOfRow(
  { row, id, queue, policy }: ClaimedRow,
  content: Buffer,
  [checkpoint, head, data]: readonly Unpacked[],
): Claimed {
  const input = inputOf(head, data);
  const fence = fenceIn(row);
  if (fence === undefined) throw new TypeError("a script answered a lease without a fence");
  return {
    id: taskIdOf(id),
    queue: queueNameOf(queue),
    fence,
    createdAt: instantOf(numberAt(row, "createdAt") ?? 0),
    content: bytesOf(content),
    policy: policyOfText(policy),
    attempt: numberAt(row, "attempt") ?? 0,
    deliveries: numberAt(row, "deliveries") ?? 0,
    checkpoint: maybe(checkpoint, bytesOf),
    ...(input && { input }),
  };
}
