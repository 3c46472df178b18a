import { instantOf, namespaceOf, queueNameOf, taskIdOf, taskNameOf } from "../../../model/ids.ts";
import type { NewTask } from "../../../model/task.ts";
import type { UniqueWish } from "../../../model/unique.ts";
import type { AcceptBatch, AcceptVerdict, UniqueVerdict } from "../../../ports/task-store.ts";
import { createCodes } from "../../sql/codes.ts";
import { policyOfText, policyText } from "../../sql/policy-text.ts";
import { textOfTies, tiesOfText } from "../../sql/ties-text.ts";
import { readInstant } from "./change.ts";
import { packed, readList, writeList } from "./coder.ts";
import { readLineage, writeLineage } from "./lineage.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";
import { readWish, writeWish } from "./unique.ts";

const verdicts = createCodes<Extract<AcceptVerdict, string>>({
  accepted: 0,
  duplicate: 1,
  exists: 2,
  queue_limit: 3,
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

function writeVerdict(to: PacketWriter, verdict: AcceptVerdict): void {
  if (typeof verdict === "string") {
    to.number(verdicts.code(verdict));
    return;
  }
  to.number(uniqueFrom + uniqueVerdicts.code(verdict.unique));
  to.text(verdict.holder);
}

function readVerdict(from: PacketReader): AcceptVerdict {
  const code = from.number();
  if (code < uniqueFrom) return verdicts.word(code);
  return { unique: uniqueVerdicts.word(code - uniqueFrom), holder: taskIdOf(from.text()) };
}

function writeNewTask(to: PacketWriter, task: NewTask): void {
  to.word(task.namespace);
  to.text(task.id);
  to.word(task.name);
  to.word(task.queue);
  to.number(task.priority);
  to.word(policyText(task.policy));
  to.optionalNumber(task.notBefore);
  to.number(task.tags.length);
  for (const tag of task.tags) to.word(tag);
  to.optionalText(task.replayOf);
  to.optionalText(textOfTies(task.ties) ?? undefined);
  writeLineage(to, task.lineage);
  to.bytes(task.content);
  to.optionalText(task.contentHash);
  if (task.policy.unique !== undefined) writeWish(to, wishOf(task));
}

function wishOf({ unique }: NewTask): UniqueWish {
  if (unique === undefined) throw new Error("a task's policy says how long it claims a key, and it has none");
  return unique;
}

function readNewTask(from: PacketReader): NewTask {
  const task = {
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
  return task.policy.unique === undefined ? task : { ...task, unique: readWish(from) };
}

function readReplayOf(from: PacketReader): NewTask["replayOf"] {
  const id = from.optionalText();
  return id === undefined ? undefined : taskIdOf(id);
}
