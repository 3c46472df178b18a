/** Whose child a task is, where its producer did not say it: kept behind what that said, in the task's content. */

import { create, toBinary } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { MarkFamily } from "../../canvas/canvas.ts";

/** What marks contents of tasks with their family. Message after message is one message, so nothing of a content is read. */
export const markFamily: MarkFamily = ({ parentId, rootId }) => {
  const mark = toBinary(
    NewTaskSchema,
    create(NewTaskSchema, { rootId, ...(parentId !== undefined && { parentId }) }),
  );
  return (content) => Buffer.concat([content, mark]);
};
