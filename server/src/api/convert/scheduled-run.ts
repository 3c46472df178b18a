/** For which slot of a schedule a task runs: kept at the end of its content, of which it is the last field. */

import { create, toBinary } from "@bufbuild/protobuf";
import { type ScheduledRun, ScheduledRunSchema } from "@stem/proto/stem/v1/scheduled_run_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { MarkSlot } from "../../beat/beat.ts";
import { timestampFromInstant } from "./time.ts";

/** What marks contents of tasks with a slot. Message after message is one message, so nothing of a content is read. */
export const markSlot: MarkSlot = ({ schedule, slot }) => {
  const scheduled: ScheduledRun = create(ScheduledRunSchema, {
    scheduleId: schedule,
    slotTime: timestampFromInstant(slot),
  });
  const mark = toBinary(NewTaskSchema, create(NewTaskSchema, { scheduled }));
  return (content) => Buffer.concat([content, mark]);
};
