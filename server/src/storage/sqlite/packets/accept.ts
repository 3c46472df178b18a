import { instantOf, namespaceOf, queueNameOf, taskIdOf, taskNameOf } from "../../../model/ids.ts";
import type { NewTask } from "../../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../../ports/task-store.ts";
import { createCodes } from "../codes.ts";
import { policyOfText, policyText } from "../policy-text.ts";
import { readInstant } from "./change.ts";
import { packed, readList, writeList } from "./coder.ts";
import { readLineage, writeLineage } from "./lineage.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

const verdicts = createCodes<AcceptVerdict>({
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
    (to, answer) => writeList(to, answer, (_, verdict) => to.number(verdicts.code(verdict))),
    (from) => readList(from, () => verdicts.word(from.number())),
  ),
  items: ([{ tasks }]: readonly [AcceptBatch]) => tasks.length,
};

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
  writeLineage(to, task.lineage);
  to.bytes(task.content);
  to.optionalText(task.contentHash);
}

function readNewTask(from: PacketReader): NewTask {
  return {
    namespace: namespaceOf(from.word()),
    id: taskIdOf(from.text()),
    name: taskNameOf(from.word()),
    queue: queueNameOf(from.word()),
    priority: from.number(),
    policy: policyOfText(from.word()),
    notBefore: readInstant(from),
    tags: readList(from, () => from.word()),
    replayOf: readReplayOf(from),
    lineage: readLineage(from),
    content: from.bytes(),
    contentHash: from.optionalText(),
  };
}

function readReplayOf(from: PacketReader): NewTask["replayOf"] {
  const id = from.optionalText();
  return id === undefined ? undefined : taskIdOf(id);
}
