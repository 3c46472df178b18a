/** What the server adds to what a producer said of a task, for its handler to be told: kept behind it, in the task's content. */

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { MarkSlot } from "../../beat/beat.ts";
import type { MarkFamily } from "../../canvas/canvas.ts";
import type { Bytes } from "../../model/ids.ts";
import { timestampFromInstant } from "./time.ts";

/** For which slot of a schedule it runs. */
export const markSlot: MarkSlot = ({ schedule, slot }) =>
  markWith({ scheduled: { scheduleId: schedule, slotTime: timestampFromInstant(slot) } });

/** Whose child it is, where its producer cannot know that. */
export const markFamily: MarkFamily = ({ parentId, rootId }) => markWith({ parentId, rootId });

/** Message after message is one message, of which the last word counts: nothing of a content is read. */
function markWith(said: MessageInitShape<typeof NewTaskSchema>): (content: Bytes) => Bytes {
  const mark = toBinary(NewTaskSchema, create(NewTaskSchema, said));
  return (content) => Buffer.concat([content, mark]);
}
