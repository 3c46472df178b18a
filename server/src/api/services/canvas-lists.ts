import { clone, create } from "@bufbuild/protobuf";
import {
  type ListCanvasesRequest,
  ListCanvasesRequestSchema,
  type ListCanvasesResponse,
  ListCanvasesResponseSchema,
  type ListCanvasMembersRequest,
  ListCanvasMembersRequestSchema,
  type ListCanvasMembersResponse,
  ListCanvasMembersResponseSchema,
} from "@stem/proto/stem/v1/canvas_service_pb";
import { barrierIdOf, canvasIdOf } from "../../model/ids.ts";
import { canvasStatesFromProto, canvasToProto, memberToProto } from "../convert/canvas.ts";
import { pageSizeOf } from "../convert/page-token.ts";
import type { ServiceDeps } from "../service-deps.ts";

/** The lists of CanvasService. */
export type CanvasLists = {
  canvases(request: ListCanvasesRequest): Promise<ListCanvasesResponse>;
  members(request: ListCanvasMembersRequest): Promise<ListCanvasMembersResponse>;
};

/** Makes them. */
export function createCanvasLists({
  canvases,
  limits,
  namespaces,
  pageTokens,
}: Pick<ServiceDeps, "canvases" | "limits" | "namespaces" | "pageTokens">): CanvasLists {
  return {
    async canvases(request) {
      const namespace = namespaces(request.namespace);
      const asked = Object.assign(clone(ListCanvasesRequestSchema, request), {
        ...{ namespace, pageSize: 0, pageToken: "" },
      });
      const question = { schema: ListCanvasesRequestSchema, request: asked };
      const after = pageTokens.read(question, request.pageToken);
      const page = await canvases.list({
        ...{ namespace, states: canvasStatesFromProto(request.states), name: request.name, tag: request.tag },
        ...{
          limit: pageSizeOf(request.pageSize, limits),
          after: after === undefined ? undefined : Number(after),
          scanMax: limits.scannedTasksMax,
        },
      });
      return create(ListCanvasesResponseSchema, {
        canvases: page.canvases.map((canvas) => canvasToProto({ canvas, groups: [] }, { root: false })),
        nextPageToken: pageTokens.sign(question, page.cursor === undefined ? undefined : `${page.cursor}`),
      });
    },
    async members(request) {
      const namespace = namespaces(request.namespace);
      const asked = Object.assign(clone(ListCanvasMembersRequestSchema, request), {
        ...{ namespace, pageSize: 0, pageToken: "" },
      });
      const question = { schema: ListCanvasMembersRequestSchema, request: asked };
      const after = pageTokens.read(question, request.pageToken);
      const { members: found, shape } = await canvases.members({
        ref: { namespace, id: canvasIdOf(request.canvasId) },
        group: request.groupId === undefined ? undefined : barrierIdOf(request.groupId),
        ...{
          limit: pageSizeOf(request.pageSize, limits),
          after: after === undefined ? undefined : Number(after),
        },
      });
      const last = found.at(-1);
      return create(ListCanvasMembersResponseSchema, {
        ...{ members: found.map(memberToProto), single: shape === "one" },
        // A page may be short because its members are large: only an empty one is the last.
        nextPageToken: pageTokens.sign(question, last === undefined ? undefined : `${last.index}`),
      });
    },
  };
}
