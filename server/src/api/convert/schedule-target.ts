/** What schedules start, as they keep it: the bytes of what their producers said. */

import { create, createRegistry, equals, fromBinary } from "@bufbuild/protobuf";
import { SubmitCanvasRequestSchema } from "@stem/proto/stem/v1/canvas_service_pb";
import { type ScheduledCanvas, ScheduledCanvasSchema } from "@stem/proto/stem/v1/schedule_pb";
import { type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { ReadTarget, TargetDraft } from "../../beat/beat.ts";
import type { Namespace } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { ScheduleTarget } from "../../model/schedule-record.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { createCanvasReader } from "./canvas-submission.ts";
import { isProblem, under } from "./checked.ts";
import { createNewTaskReader } from "./new-task.ts";

/** Makes a reader of them; one for a server, because it reuses buffers. Throws what is wrong, with paths from `task` or `canvas` on. */
export function createReadTarget(
  deps: Pick<ServiceDeps, "clock" | "limits" | "defaults" | "random">,
): ReadTarget {
  const readTask = createNewTaskReader(deps);
  const canvases = createCanvasReader(deps);

  function readOne(asked: NewTask, namespace: Namespace): TargetDraft {
    if (asked.id !== undefined)
      throw fieldInvalid("id", "must be left out: whatever a slot starts has its own");
    const submission = readTask(asked, namespace, deps.clock.now());
    if (isProblem(submission)) throw new StemProblem(submission);
    return { kind: "task", submission };
  }

  function readCanvas(asked: ScheduledCanvas, namespace: Namespace): TargetDraft {
    const { root, name, tags, deadlineAfter, resultRetention, trace } = asked;
    const request = create(SubmitCanvasRequestSchema, { name, tags: [...tags] });
    if (root !== undefined) request.root = root;
    if (deadlineAfter !== undefined) request.deadline = { case: "deadlineAfter", value: deadlineAfter };
    if (resultRetention !== undefined) request.resultRetention = resultRetention;
    if (trace !== undefined) request.trace = trace;
    return { kind: "canvas", canvas: canvases.canvas(request, namespace) };
  }

  return ({ kind, content }, namespace) => {
    try {
      return kind === "task"
        ? readOne(fromBinary(NewTaskSchema, content), namespace)
        : readCanvas(fromBinary(ScheduledCanvasSchema, content), namespace);
    } catch (error) {
      if (!(error instanceof StemProblem)) throw error;
      throw new StemProblem(under(error.problem, `${kind}.`));
    }
  };
}

/** What this server does not know says something, too. */
const comparing = { unknown: true, registry: createRegistry() };

/** Whether two targets say the same: of maps, encoders choose the order. */
export function isSameTarget(a: ScheduleTarget, b: ScheduleTarget): boolean {
  if (a.kind !== b.kind) return false;
  if (Buffer.compare(a.content, b.content) === 0) return true;
  const schema = a.kind === "task" ? NewTaskSchema : ScheduledCanvasSchema;
  return equals(schema, fromBinary(schema, a.content), fromBinary(schema, b.content), comparing);
}
