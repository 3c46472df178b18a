/**
 * Enqueuing without end. Frames are stored in the order in which they come and answered in that order, each after its commit; the
 * next ones are taken while earlier ones are being committed, so that they share commits.
 */

import { create } from "@bufbuild/protobuf";
import {
  type StreamTasksRequest,
  type StreamTasksResponse,
  StreamTasksResponseSchema,
} from "@stem/proto/stem/v1/task_service_pb";
import type { Namespace } from "../../model/ids.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import type { Outgoing } from "../call.ts";
import { streamTasksExceptions, streamTasksResponse } from "../convert/enqueue-verdicts.ts";
import type { NamespaceOf } from "../convert/namespace.ts";
import { tasksOf } from "../convert/plain-batch.ts";
import { problemToStatus } from "../problem-table.ts";
import type { Enqueuing } from "./enqueuing.ts";
import { pipeline } from "./pipeline.ts";

type Answer = Outgoing<typeof StreamTasksResponseSchema>;

/** Frames of one stream that may wait for their commit at once; each is a message of up to 4 MiB. */
const framesInFlightMax = 16;

/** Answers a stream of frames. What is wrong with one frame is said in its answer, and the stream lives. */
export const streamTasks = (
  frames: AsyncIterable<StreamTasksRequest>,
  enqueuing: Enqueuing,
  namespaces: NamespaceOf,
): AsyncIterable<Answer> =>
  pipeline(
    newFrames(frames, namespaces),
    (frame) => answerFrame(frame, { enqueuing, namespaces }),
    framesInFlightMax,
  );

type Answering = { readonly enqueuing: Enqueuing; readonly namespaces: NamespaceOf };

type Frame = { readonly request: StreamTasksRequest; readonly namespace: Namespace };

/**
 * Frames with the stream's namespace, which the first one names. Where that is wrong the stream ends here, before the frames behind it
 * are stored in another. Frames with a number that was there before are left out: repeating one after a hiccup does no harm.
 */
async function* newFrames(
  requests: AsyncIterable<StreamTasksRequest>,
  namespaces: NamespaceOf,
): AsyncIterable<Frame> {
  let namespace: Namespace | undefined;
  let newest = 0n;
  for await (const request of requests) {
    namespace ??= namespaces(request.namespace);
    const { frameSeq } = request;
    if (frameSeq > 0n && frameSeq <= newest) continue;
    if (frameSeq > newest) newest = frameSeq;
    yield { request, namespace };
  }
}

async function answerFrame(frame: Frame, { enqueuing, namespaces }: Answering): Promise<Answer> {
  const { request, namespace } = frame;
  try {
    checkFrame(frame);
    // It may have been deleted since the stream began.
    namespaces(namespace);
    const tasks = tasksOf(request);
    const verdicts = await enqueuing.many(tasks, namespace, false);
    return request.exceptionsOnly
      ? streamTasksExceptions(request.frameSeq, verdicts, (at) => tasks[at]?.id !== undefined)
      : streamTasksResponse(request.frameSeq, verdicts);
  } catch (error) {
    if (error instanceof StemProblem) return refused(request, error);
    throw error;
  }
}

function checkFrame({ request, namespace }: Frame): void {
  if (request.frameSeq < 1n)
    throw fieldInvalid("frame_seq", "must be 1 or more, and rise from frame to frame");
  if ((request.namespace ?? namespace) !== namespace)
    throw fieldInvalid("namespace", "must be left out, or be that of the stream's first frame");
}

const refused = ({ frameSeq }: StreamTasksRequest, { problem }: StemProblem): StreamTasksResponse =>
  create(StreamTasksResponseSchema, { frameSeq, error: problemToStatus(problem) });
