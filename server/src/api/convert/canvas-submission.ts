/** Canvases and further members of them, on their way in. */

import type { AddCanvasMembersRequest, SubmitCanvasRequest } from "@stem/proto/stem/v1/canvas_service_pb";
import type { CanvasSubmission, MembersSubmission } from "../../canvas/canvas.ts";
import { barrierIdOf, canvasIdOf, type Instant, type Namespace, taskIdOf } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { digestOfDrafts } from "./canvas-digest.ts";
import { readAdded, readDrafts } from "./canvas-draft.ts";
import { createNewTaskReader } from "./new-task.ts";
import { addedOf } from "./plain-members.ts";
import { rootBytesOf } from "./sent-root.ts";
import { tooFar } from "./task-options.ts";
import { durationFault, durationMs, optionalInstant } from "./time-fields.ts";

/** Reads requests that bring canvases. Throws what is wrong with them. */
export type CanvasReader = {
  canvas(request: SubmitCanvasRequest, namespace: Namespace): CanvasSubmission;
  members(request: AddCanvasMembersRequest, namespace: Namespace): MembersSubmission;
};

/** Makes it: one a server, because it reuses a buffer. */
export function createCanvasReader({
  clock,
  limits,
  defaults,
  random,
}: Pick<ServiceDeps, "clock" | "limits" | "defaults" | "random">): CanvasReader {
  const read = createNewTaskReader({ limits, defaults });
  return {
    canvas(request, namespace) {
      const { id, root, name, tags, trace, resultRetention } = request;
      if (root === undefined) throw fieldInvalid("root", "must be set");
      const now = clock.now();
      const context = { namespace, now, limits, read, trace };
      const deadline = deadlineOf(request);
      if (deadline !== undefined && "at" in deadline) checkDeadline(deadline.at, now, limits);
      const drafts = readDrafts([root], () => "root", context, { mayBeOpen: true });
      const [draft] = drafts;
      if (draft === undefined) throw new Error("a canvas was not read");
      const retentionMs = resultRetention === undefined ? defaults.retentionMs : durationMs(resultRetention);
      // The deadline as it was said: one that is counted from the acceptance stays the same in a repeat.
      const said = [name, ...tags, "", `${retentionMs}`, JSON.stringify(deadline ?? null)];
      return {
        ...{ namespace, draft, retentionMs, name, tags, id: canvasIdOf(id ?? random.taskId()) },
        ...{ deadline, lineage: lineageOf(request) },
        contentHash: () => digestOfDrafts(drafts, namespace, ...said),
        description: rootBytesOf(request, root),
      };
    },
    members(request, namespace) {
      const { canvasId, groupId, requestId, seal } = request;
      const context = { namespace, now: clock.now(), limits, read, trace: undefined };
      const added = readAdded(addedOf(request), (at) => `members[${at}]`, context);
      if (added.drafts.length === 0 && added.bulk === undefined && !seal)
        throw fieldInvalid("members", "must have at least 1 item, where nothing is sealed");
      return {
        ...{ namespace, canvas: canvasIdOf(canvasId), request: requestId, isLast: seal },
        group: groupId === undefined ? undefined : barrierIdOf(groupId),
        ...added,
      };
    },
  };
}

function deadlineOf({ deadline }: SubmitCanvasRequest): CanvasSubmission["deadline"] {
  if (deadline.case === "deadlineAfter") {
    const fault = durationFault(deadline.value);
    if (fault !== undefined) throw fieldInvalid("deadline_after", fault);
    return { afterMs: durationMs(deadline.value) };
  }
  const at = deadline.case === undefined ? undefined : optionalInstant("deadline_time", deadline.value);
  return at === undefined ? undefined : { at };
}

function checkDeadline(at: Instant, now: Instant, limits: ServiceDeps["limits"]): void {
  if (at - now > limits.delayMsMax) throw new StemProblem(tooFar("deadline_time", limits));
}

function lineageOf({ parentId, rootId }: SubmitCanvasRequest): CanvasSubmission["lineage"] {
  const root = rootId ?? parentId;
  if (root === undefined) return undefined;
  return { parentId: parentId === undefined ? undefined : taskIdOf(parentId), rootId: taskIdOf(root) };
}
