import type { Gate } from "../../../model/gate.ts";
import {
  instantOf,
  namespaceOf,
  queueNameOf,
  type TaskRef,
  taskIdOf,
  taskNameOf,
} from "../../../model/ids.ts";
import type { Fence, Task, TaskHead } from "../../../model/task.ts";
import type { TaskClaim } from "../../../model/unique.ts";
import type { TaskPage } from "../../../ports/task-store.ts";
import { codeOfReason, reasonOfCode, states } from "../../sql/codes.ts";
import { isLinked } from "../../sql/links-text.ts";
import { policyOfText, policyText } from "../../sql/policy-text.ts";
import { textOfTies, tiesOfText } from "../../sql/ties-text.ts";
import { readCancel, readInstant, writeCancel } from "./change.ts";
import { packed, readList, readMaybe, writeList, writeMaybe } from "./coder.ts";
import { readFence, readRef, writeFence, writeRef } from "./lease.ts";
import { readLineage, writeLineage } from "./lineage.ts";
import { readLinked, writeLinked } from "./link.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";
import { readPlaced, writePlaced } from "./place.ts";

/** How lists of references cross. */
export const refs = packed<[readonly TaskRef[]]>(
  (to, [items]) => writeList(to, items, writeRef),
  (from) => [readList(from, readRef)],
);

/** How tasks cross that may be missing. */
export const maybeTasks = packed<readonly (Task | undefined)[]>(
  (to, tasks) => writeList(to, tasks, (_, task) => writeMaybe(to, task, writeTask)),
  (from) => readList(from, () => readMaybe(from, readTask)),
);

/** How heads cross that may be missing. */
export const maybeHeads = packed<readonly (TaskHead | undefined)[]>(
  (to, heads) => writeList(to, heads, (_, head) => writeMaybe(to, head, writeHead)),
  (from) => readList(from, () => readMaybe(from, readHead)),
);

/** How heads cross. */
export const heads = packed<readonly TaskHead[]>(
  (to, items) => writeList(to, items, writeHead),
  (from) => readList(from, readHead),
);

/** How a page of a list crosses. */
export const taskPage = packed<TaskPage>(
  (to, { tasks, cursor }) => {
    to.optionalNumber(cursor);
    writeList(to, tasks, writeTask);
  },
  (from) => ({ cursor: from.optionalNumber(), tasks: readList(from, readTask) }),
);

function writeTask(to: PacketWriter, task: Task): void {
  writeHead(to, task);
  to.bytes(task.content);
  to.optionalBytes(task.result);
  to.optionalBytes(task.failure);
  if (task.policy.unique !== undefined) writeMaybe(to, task.claim, writeClaim);
  if (isLinked(task.policy)) writeLinked(to, task.policy, task);
  writePlaced(to, task.policy, task);
}

function writeClaim(to: PacketWriter, { key, duplicates }: TaskClaim): void {
  to.text(key);
  to.number(duplicates);
}

const readClaim = (from: PacketReader): TaskClaim => ({ key: from.text(), duplicates: from.number() });

function readTask(from: PacketReader): Task {
  const task: Task = {
    ...readHead(from),
    content: from.bytes(),
    result: from.optionalBytes(),
    failure: from.optionalBytes(),
  };
  const claiming = task.policy.unique === undefined ? task : { ...task, claim: readMaybe(from, readClaim) };
  const linked = isLinked(task.policy) ? { ...claiming, ...readLinked(from, task.policy) } : claiming;
  return task.policy.member === undefined ? linked : { ...linked, ...readPlaced(from, task.policy) };
}

function writeHead(to: PacketWriter, head: TaskHead): void {
  to.word(head.namespace);
  to.text(head.id);
  to.word(head.name);
  to.word(head.queue);
  to.number(head.priority);
  to.word(policyText(head.policy));
  to.number(states.code(head.state));
  to.number(codeOfReason(head.reason));
  to.number(head.revision);
  to.number(head.attempt);
  to.number(head.deliveries);
  writeMaybe(to, head.fence, writeFence);
  to.optionalText(head.worker);
  to.number(head.createdAt);
  for (const time of [head.notBefore, head.startedAt, head.leaseUntil, head.endedAt, head.purgeAt]) {
    to.optionalNumber(time);
  }
  writeCancel(to, head.cancel);
  writeList(to, head.tags, (_, tag) => to.word(tag));
  to.optionalText(head.replayOf);
  to.optionalText(textOfTies(head.ties) ?? undefined);
  to.optionalText(head.gate?.kind);
  if (head.gate !== undefined) to.text(head.gate.subject);
  writeLineage(to, head.lineage);
}

function readHead(from: PacketReader): TaskHead {
  return {
    namespace: namespaceOf(from.word()),
    id: taskIdOf(from.text()),
    name: taskNameOf(from.word()),
    queue: queueNameOf(from.word()),
    priority: from.number(),
    policy: policyOfText(from.word()),
    state: states.word(from.number()),
    reason: reasonOfCode(from.number()),
    revision: from.number(),
    attempt: from.number(),
    deliveries: from.number(),
    fence: readMaybe<Fence>(from, readFence),
    worker: from.optionalText(),
    createdAt: instantOf(from.number()),
    notBefore: readInstant(from),
    startedAt: readInstant(from),
    leaseUntil: readInstant(from),
    endedAt: readInstant(from),
    purgeAt: readInstant(from),
    cancel: readCancel(from),
    tags: readList(from, () => from.word()),
    replayOf: readTaskId(from),
    ties: tiesOfText(from.optionalText()),
    gate: readGate(from),
    lineage: readLineage(from),
  };
}

function readGate(from: PacketReader): Gate | undefined {
  const kind = from.optionalText();
  return kind === undefined ? undefined : { kind: kind as Gate["kind"], subject: from.text() };
}

function readTaskId(from: PacketReader): TaskHead["replayOf"] {
  const id = from.optionalText();
  return id === undefined ? undefined : taskIdOf(id);
}
