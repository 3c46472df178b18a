import { create } from "@bufbuild/protobuf";
import {
  AddCanvasMembersResponseSchema,
  CancelCanvasResponseSchema,
  CanvasService,
  CanvasView,
  ExplainCanvasResponseSchema,
  GetCanvasResponseSchema,
  GetCanvasResultResponseSchema,
  RetryCanvasResponseSchema,
  SubmitCanvasResponseSchema,
  type WatchCanvasRequest,
  type WatchCanvasResponse,
  WatchCanvasResponseSchema,
} from "@stem/proto/stem/v1/canvas_service_pb";
import type { CanvasRef } from "../../canvas/canvas.ts";
import { canvasIdOf } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { cancelMessageOf } from "../convert/cancelling.ts";
import { canvasStateToProto, canvasToProto, valueToProto } from "../convert/canvas.ts";
import { createCanvasReader } from "../convert/canvas-submission.ts";
import { taskToProto } from "../convert/task.ts";
import { causesToProto } from "../convert/task-explanation.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { createCanvasLists } from "./canvas-lists.ts";

type CanvasServiceDeps = Pick<
  ServiceDeps,
  "canvases" | "random" | "clock" | "limits" | "defaults" | "namespaces" | "pageTokens" | "watched"
>;

/** Serves those who submit canvases, and those who look after them. */
export function createCanvasService(deps: CanvasServiceDeps): ServiceEntry {
  const { canvases, limits, namespaces, watched } = deps;
  const read = createCanvasReader(deps);
  const lists = createCanvasLists(deps);
  const refOf = (request: {
    readonly namespace?: string | undefined;
    readonly canvasId: string;
  }): CanvasRef => ({
    namespace: namespaces(request.namespace),
    id: canvasIdOf(request.canvasId),
  });

  async function* responses(
    request: WatchCanvasRequest,
    signal: AbortSignal,
  ): AsyncIterable<WatchCanvasResponse> {
    for await (const view of canvases.watch(refOf(request), signal, limits.awaitMsMax))
      yield create(WatchCanvasResponseSchema, { canvas: canvasToProto(view, { root: false }) });
  }

  return serve(CanvasService, {
    async submitCanvas(request) {
      const submission = read.canvas(request, namespaces(request.namespace));
      const { deduplicated } = await canvases.submit(submission);
      return create(SubmitCanvasResponseSchema, { canvasId: submission.id, deduplicated });
    },
    async addCanvasMembers(request) {
      const submission = read.members(request, namespaces(request.namespace));
      const { first, deduplicated } = await canvases.addMembers(submission);
      return create(AddCanvasMembersResponseSchema, { firstIndex: first, deduplicated });
    },
    async getCanvas(request) {
      const isFull = request.view !== CanvasView.BASIC;
      const view = await canvases.get(refOf(request), isFull);
      return create(GetCanvasResponseSchema, { canvas: canvasToProto(view, { root: isFull }) });
    },
    async getCanvasResult(request) {
      const value = await canvases.result(refOf(request));
      return create(GetCanvasResultResponseSchema, { value: valueToProto(value) });
    },
    listCanvasMembers: lists.members,
    listCanvases: lists.canvases,
    watchCanvas: (request, { signal }) => watched(responses(request, signal)),
    async cancelCanvas(request, { caller }) {
      const state = await canvases.cancel(refOf(request), cancelMessageOf(request, caller));
      return create(CancelCanvasResponseSchema, { state: canvasStateToProto(state) });
    },
    async retryCanvas(request) {
      const { newCanvasId } = request;
      const newId = newCanvasId === undefined ? undefined : canvasIdOf(newCanvasId);
      const { id: canvasId, started, deduplicated } = await canvases.retry(refOf(request), newId);
      return create(RetryCanvasResponseSchema, { canvasId, started, deduplicated });
    },
    async explainCanvas(request) {
      const { waits, unsealed, ...view } = await canvases.explain(refOf(request));
      return create(ExplainCanvasResponseSchema, {
        canvas: canvasToProto(view, { root: false }),
        waits: waits.map(({ task, explained }) => ({
          task: taskToProto(task, { args: false, progress: undefined }),
          causes: causesToProto(explained),
        })),
        unsealedGroupIds: [...unsealed],
      });
    },
  });
}
