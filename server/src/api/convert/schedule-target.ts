/** What schedules start, as they keep it: the bytes of what their producers said. */

import { fromBinary } from "@bufbuild/protobuf";
import { SubmitCanvasRequestSchema } from "@stem/proto/stem/v1/canvas_service_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { ReadTarget, TargetDraft } from "../../beat/beat.ts";
import type { Bytes, Namespace } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
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

  function task(content: Bytes, namespace: Namespace): TargetDraft {
    const asked = fromBinary(NewTaskSchema, content);
    if (asked.id !== undefined) throw ownId("id");
    const submission = readTask(asked, namespace, deps.clock.now());
    if (isProblem(submission)) throw new StemProblem(submission);
    return { kind: "task", submission };
  }

  function canvas(content: Bytes, namespace: Namespace): TargetDraft {
    const asked = fromBinary(SubmitCanvasRequestSchema, content);
    if (asked.id !== undefined) throw ownId("id");
    if (asked.namespace !== undefined)
      throw fieldInvalid("namespace", "must be left out: it is that of the schedule");
    return { kind: "canvas", canvas: canvases.canvas(asked, namespace) };
  }

  return ({ kind, content }, namespace) => {
    try {
      return kind === "task" ? task(content, namespace) : canvas(content, namespace);
    } catch (error) {
      if (!(error instanceof StemProblem)) throw error;
      throw new StemProblem(under(error.problem, `${kind}.`));
    }
  };
}

const ownId = (field: string): StemProblem =>
  fieldInvalid(field, "must be left out: whatever a slot starts has its own");
