/** How tasks cross that are in a canvas: what starts together is mostly members that differ by id and content only. */

import type { PartTask } from "../../../model/canvas.ts";
import { defaultNamespace, instantOf, taskIdOf } from "../../../model/ids.ts";
import type { Place } from "../../../model/place.ts";
import { policyText } from "../../sql/policy-text.ts";
import { readNewTask, writeTask } from "./accept.ts";
import { readInstant } from "./change.ts";
import { readMaybe, writeMaybe } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** Writes tasks; of members that follow each other and are alike, the first whole and the others by what is their own. */
export function writePartTasks(to: PacketWriter, tasks: readonly PartTask[]): void {
  to.number(tasks.length);
  let first: PartTask | undefined;
  let behind = 0;
  for (const task of tasks) {
    behind += 1;
    const isAlike = first !== undefined && isBehind(first, task, behind);
    to.flag(isAlike);
    if (isAlike) {
      to.text(task.id);
      to.bytes(task.task.content);
    } else {
      writePartTask(to, task);
      first = task;
      behind = 0;
    }
  }
}

export function readPartTasks(from: PacketReader): PartTask[] {
  const tasks = new Array<PartTask>(from.number());
  let first: PartTask | undefined;
  let behind = 0;
  for (let at = 0; at < tasks.length; at += 1) {
    behind += 1;
    if (from.flag()) {
      if (first === undefined) throw new RangeError("a task is like none");
      tasks[at] = readAlike(from, first, behind);
    } else {
      first = readPartTask(from);
      behind = 0;
      tasks[at] = first;
    }
  }
  return tasks;
}

/** Whether a task is so many members behind another one, and like it but for id and content. */
function isBehind(first: PartTask, task: PartTask, behind: number): boolean {
  const [a, b] = [first.task, task.task];
  return (
    a.name === b.name &&
    a.queue === b.queue &&
    a.priority === b.priority &&
    (a.policy === b.policy || policyText(a.policy) === policyText(b.policy)) &&
    a.notBefore === b.notBefore &&
    a.next === b.next &&
    isBare(first) &&
    isBare(task) &&
    first.acceptedAt === task.acceptedAt &&
    first.isStartFixed === task.isStartFixed &&
    first.expireAt === task.expireAt &&
    isPlaceBehind(a.place, b.place, behind)
  );
}

/** Whether it has nothing that few tasks have. */
const isBare = ({ hands, resumes, task }: PartTask): boolean =>
  hands === undefined &&
  resumes === undefined &&
  task.tags.length === 0 &&
  task.ties === undefined &&
  task.unique === undefined &&
  task.links === undefined &&
  task.contentHash === undefined;

const isPlaceBehind = (a: Place | undefined, b: Place | undefined, behind: number): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.canvas === b.canvas &&
  a.barrier === b.barrier &&
  a.reports === b.reports &&
  a.step === b.step &&
  a.index + behind === b.index;

function readAlike(from: PacketReader, first: PartTask, behind: number): PartTask {
  const { task } = first;
  const { place } = task;
  if (place === undefined) throw new RangeError("a member has no place");
  return {
    ...first,
    id: taskIdOf(from.text()),
    task: { ...task, content: from.bytes(), place: { ...place, index: place.index + behind } },
  };
}

/** As a new task, but for what it has once it is made. */
function writePartTask(to: PacketWriter, part: PartTask): void {
  const { id, task, acceptedAt, isStartFixed, expireAt, hands, resumes } = part;
  const { input, replayOf } = resumes ?? { input: undefined, replayOf: undefined };
  writeTask(to, task, { id, namespace: defaultNamespace, replayOf, lineage: undefined, input });
  to.number(acceptedAt);
  to.flag(isStartFixed);
  to.optionalNumber(expireAt);
  writeMaybe(to, hands, (_, { member }) => to.optionalText(member));
}

/** What its task has beyond a part's is overwritten when it is made: taking that out would cost more than to leave it. */
function readPartTask(from: PacketReader): PartTask {
  const task = readNewTask(from);
  const { id, replayOf, input } = task;
  return {
    ...{ id, task, acceptedAt: instantOf(from.number()), isStartFixed: from.flag() },
    expireAt: readInstant(from),
    hands: readMaybe(from, () => ({ member: from.optionalText() })),
    ...((input !== undefined || replayOf !== undefined) && { resumes: { input, replayOf } }),
  };
}
