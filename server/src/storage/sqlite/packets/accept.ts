import type { RefusalReason } from "../../../model/admission.ts";
import { instantOf, namespaceOf, queueNameOf, taskIdOf, taskNameOf } from "../../../model/ids.ts";
import type { NewTask } from "../../../model/task.ts";
import type { UniqueWish } from "../../../model/unique.ts";
import type { AcceptBatch, AcceptVerdict, UniqueVerdict } from "../../../ports/task-store.ts";
import { createCodes } from "../../sql/codes.ts";
import { isLinked } from "../../sql/links-text.ts";
import { policyOfText, policyText } from "../../sql/policy-text.ts";
import { textOfTies, tiesOfText } from "../../sql/ties-text.ts";
import { readInstant } from "./change.ts";
import { packed, readList, writeList } from "./coder.ts";
import { readLineage, writeLineage } from "./lineage.ts";
import { readLinked, writeLinked } from "./link.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";
import { readPlaced, writePlaced } from "./place.ts";
import { readWish, writeWish } from "./unique.ts";

const verdicts = createCodes<Extract<AcceptVerdict, string>>({
  accepted: 0,
  duplicate: 1,
  exists: 2,
  withheld: 4,
});

/** How accept crosses. */
export const acceptVerb = {
  request: packed<[AcceptBatch]>(
    (to, [{ tasks, now, atomic }]) => {
      to.number(now);
      to.flag(atomic);
      writeList(to, tasks, writeNewTask);
    },
    (from) => [{ now: instantOf(from.number()), atomic: from.flag(), tasks: readList(from, readNewTask) }],
  ),
  answer: packed<readonly AcceptVerdict[]>(
    (to, answer) => writeList(to, answer, writeVerdict),
    (from) => readList(from, readVerdict),
  ),
  items: ([{ tasks }]: readonly [AcceptBatch]) => tasks.length,
};

const uniqueVerdicts = createCodes<UniqueVerdict["unique"]>({ kept: 0, taken: 1, updated: 2, replaced: 3 });
/** The codes of verdicts about unique keys follow those of all others. */
const uniqueFrom = 5;
/** And those of refusals follow these. */
const refusedFrom = 9;
const refusals = createCodes<RefusalReason>({
  namespace_disabled: 0,
  namespace_deleting: 1,
  queue_unknown: 2,
  queue_limit: 3,
  queue_closed: 4,
  queue_deleting: 5,
  queue_full: 6,
  task_quota: 7,
  byte_quota: 8,
});

function writeVerdict(to: PacketWriter, verdict: AcceptVerdict): void {
  if (typeof verdict === "string") {
    to.number(verdicts.code(verdict));
    return;
  }
  if ("refused" in verdict) {
    to.number(refusedFrom + refusals.code(verdict.refused));
    to.optionalNumber(verdict.max);
    return;
  }
  to.number(uniqueFrom + uniqueVerdicts.code(verdict.unique));
  to.text(verdict.holder);
}

function readVerdict(from: PacketReader): AcceptVerdict {
  const code = from.number();
  if (code < uniqueFrom) return verdicts.word(code);
  if (code >= refusedFrom) return { refused: refusals.word(code - refusedFrom), max: from.optionalNumber() };
  return { unique: uniqueVerdicts.word(code - uniqueFrom), holder: taskIdOf(from.text()) };
}

/** Writes a task on its way in. */
export const writeNewTask = (to: PacketWriter, task: NewTask): void => writeTask(to, task, task);

/** What a task is, but for what it has once it is made. */
export type Making = Pick<NewTask, "namespace" | "id" | "replayOf" | "lineage" | "input">;

/** Writes the parts of one apart, so that nobody has to put them together. */
export function writeTask(to: PacketWriter, task: Omit<NewTask, keyof Making>, making: Making): void {
  to.word(making.namespace);
  to.text(making.id);
  to.word(task.name);
  to.word(task.queue);
  to.number(task.priority);
  to.word(policyText(task.policy));
  to.optionalNumber(task.notBefore);
  to.number(task.tags.length);
  for (const tag of task.tags) to.word(tag);
  to.optionalText(making.replayOf);
  to.optionalText(textOfTies(task.ties) ?? undefined);
  writeLineage(to, making.lineage);
  to.bytes(task.content);
  to.optionalText(task.contentHash);
  if (task.policy.unique !== undefined) writeWish(to, wishOf(task));
  if (isLinked(task.policy)) writeLinked(to, task.policy, { links: task.links, input: making.input });
  writePlaced(to, task.policy, task);
}

function wishOf({ unique }: Pick<NewTask, "unique">): UniqueWish {
  if (unique === undefined) throw new Error("a task's policy says how long it claims a key, and it has none");
  return unique;
}

export function readNewTask(from: PacketReader): NewTask {
  const task: NewTask = {
    namespace: namespaceOf(from.word()),
    id: taskIdOf(from.text()),
    name: taskNameOf(from.word()),
    queue: queueNameOf(from.word()),
    priority: from.number(),
    policy: policyOfText(from.word()),
    notBefore: readInstant(from),
    tags: readList(from, () => from.word()),
    replayOf: readReplayOf(from),
    ties: tiesOfText(from.optionalText()),
    lineage: readLineage(from),
    content: from.bytes(),
    contentHash: from.optionalText(),
  };
  const claiming = task.policy.unique === undefined ? task : { ...task, unique: readWish(from) };
  const linked = isLinked(task.policy) ? { ...claiming, ...readLinked(from, task.policy) } : claiming;
  return task.policy.member === undefined ? linked : Object.assign(linked, readPlaced(from, task.policy));
}

function readReplayOf(from: PacketReader): NewTask["replayOf"] {
  const id = from.optionalText();
  return id === undefined ? undefined : taskIdOf(id);
}
