import { contentHashOf } from "../../model/content-hash.ts";
import { laneOf } from "../../model/gate.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { policyText } from "../sql/policy-text.ts";
import { textOfTies } from "../sql/ties-text.ts";
import { type Packable, pack } from "./msgpack.ts";
import { headOfNew } from "./row-bytes.ts";
import { plainTasksMax } from "./scripts/accept-plain.ts";
import { type RestField, restFields, seqDigits } from "./scripts/task-fields.ts";

/** What tasks share that differ in nothing but id, content and what that makes of a row. */
type Kind = {
  readonly of: NewTask;
  readonly hashBytes: number;
  readonly number: number;
  /** Rows up to the order of acceptance, by the lengths of id and content. */
  readonly heads: Map<number, Buffer>;
};

/**
 * New tasks as scripts/accept-plain.ts takes them, if they are all of that sort and no id comes twice; else undefined. Their rows are made
 * here, but for what only the store knows: their place in the order of acceptance.
 */
export function plainArgs(tasks: readonly NewTask[], now: Instant, atomic: boolean): Packable | undefined {
  if (tasks.length > plainTasksMax || !tasks.every(isPlain)) return undefined;
  const kinds: Kind[] = [];
  const shared: Packable[] = [];
  const items: Packable[] = [];
  const ids = new Set<string>();
  let kind: Kind | undefined;
  for (const task of tasks) {
    if (ids.has(task.id)) return undefined;
    ids.add(task.id);
    const hash = contentHashOf(task);
    const hashBytes = Buffer.byteLength(hash);
    if (kind === undefined || !isOfKind(kind, task, hashBytes))
      kind = kinds.find((known) => isOfKind(known, task, hashBytes));
    if (kind === undefined) {
      if (kinds.length === kindsMax) return undefined;
      kind = { of: task, hashBytes, number: kinds.length + 1, heads: new Map() };
      kinds.push(kind);
      shared.push(argsOfKind(kind));
    }
    items.push(kind.number, task.id, headFor(kind, task, now), hash, task.content);
  }
  return [shared, items, now, atomic];
}

/** A batch with more kinds is looked at task by task. */
const kindsMax = 16;

/** Whether nothing but its queue has a say in it, from now on. */
export const isPlain = ({ policy, ties, ...task }: NewTask): boolean =>
  task.notBefore === undefined &&
  task.tags.length === 0 &&
  task.replayOf === undefined &&
  task.lineage === undefined &&
  task.unique === undefined &&
  task.links === undefined &&
  task.input === undefined &&
  task.place === undefined &&
  policy.expireMs === undefined &&
  policy.startWithinMs === undefined &&
  (ties === undefined || !(ties.orderingKey ?? ties.limitKey ?? ties.fairnessKey));

const isOfKind = ({ of, hashBytes }: Kind, task: NewTask, itsHashBytes: number): boolean =>
  of.name === task.name &&
  of.queue === task.queue &&
  policyText(of.policy) === policyText(task.policy) &&
  of.priority === task.priority &&
  of.ties === task.ties &&
  hashBytes === itsHashBytes;

function argsOfKind({ of: { name, queue, priority, policy, ties }, hashBytes }: Kind): Packable {
  const lane = laneOf(ties?.labels);
  const known: Partial<Record<RestField, Packable>> = {
    ...{ name, priority, lane, turn: 0, linked: 0, held: 0 },
    ties: textOfTies(ties) ?? false,
  };
  const rest = pack(restFields.map((field) => known[field]));
  return [queue, `${priority} ${lane}`, textsOf(queue, policyText(policy), hashBytes), rest, name];
}

/** What stands in a row between id and hash. */
function textsOf(queue: string, policy: string, hashBytes: number): Buffer {
  const [queueBytes, policyBytes] = [Buffer.byteLength(queue), Buffer.byteLength(policy)];
  const texts = Buffer.allocUnsafe(2 + queueBytes + 4 + policyBytes + 2);
  let at = texts.writeUInt16LE(queueBytes, 0);
  at += texts.write(queue, at);
  at = texts.writeUInt32LE(policyBytes, at);
  at += texts.write(policy, at);
  texts.writeUInt16LE(hashBytes, at);
  return texts;
}

/** The row of a task that has just become ready, up to its place in the order of acceptance. */
function headFor({ heads }: Kind, { id, content, policy }: NewTask, now: Instant): Buffer {
  const memberBytes = seqDigits + Buffer.byteLength(id);
  // No length of a content is beyond what is exact here.
  const key = content.length * 0x10000 + memberBytes;
  let head = heads.get(key);
  if (head === undefined) {
    head = headOfNew({ createdAt: now, leaseMs: policy.leaseMs, bytes: content.length }, memberBytes);
    heads.set(key, head);
  }
  return head;
}
