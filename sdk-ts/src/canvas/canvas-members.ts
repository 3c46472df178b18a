import type { CanvasValue, CanvasMember as ProtoMember } from "@stem/proto/stem/v1/canvas_pb";
import type { ListCanvasMembersResponse } from "@stem/proto/stem/v1/canvas_service_pb";
import type { ParentFailure } from "../task-options.ts";
import { stateFromProto, type TaskState } from "../task-state.ts";
import type { CanvasCalls } from "./canvas-calls.ts";
import { parentFailureFromProto } from "./canvas-cause.ts";
import { plainReader } from "./canvas-values.ts";

/** One member of a group that has ended. */
export type CanvasMember = {
  /** Which, from 0. */
  readonly index: number;
  readonly state: TaskState | undefined;
  /** The task that it was in the end; undefined: it was a group. */
  readonly taskId: string | undefined;
  /** The group that it was, whose members are to be listed in their turn; undefined: it was a task. */
  readonly groupId: string | undefined;
  /** What a task that has succeeded left, as JSON reads it. */
  readonly result: unknown;
  /** How a task did not succeed. */
  readonly failure: ParentFailure | undefined;
};

const pageSize = 1000;

/** Members of a group by their index, read page by page as they are asked for. No group: of the canvas itself. */
export async function* listMembers(
  calls: CanvasCalls,
  canvasId: string,
  groupId: string | undefined,
): AsyncGenerator<ProtoMember> {
  for await (const { members } of memberPages(calls, canvasId, groupId)) yield* members;
}

async function* memberPages(
  calls: CanvasCalls,
  canvasId: string,
  groupId: string | undefined,
): AsyncGenerator<ListCanvasMembersResponse> {
  let pageToken = "";
  do {
    const of = { canvasId, ...(groupId !== undefined && { groupId }) };
    const page = await calls.listCanvasMembers({ ...of, pageSize, pageToken });
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** A member from its message. */
export function memberFromProto({ index, state, source, value }: ProtoMember): CanvasMember {
  const failure = value?.value.case === "failure" ? parentFailureFromProto(value.value.value) : undefined;
  return {
    ...{ index, state: stateFromProto(state), failure },
    taskId: source.case === "taskId" ? source.value : undefined,
    groupId: source.case === "groupId" ? source.value : undefined,
    result: failure ? undefined : plainReader(value),
  };
}

/** What a canvas or a group of it left, put together from the lists of its members: for what may be too large for one answer. */
export async function valueByPages(
  calls: CanvasCalls,
  canvasId: string,
  groupId?: string,
): Promise<CanvasValue> {
  const items: CanvasValue[] = [];
  let isSingle = false;
  for await (const { members, single } of memberPages(calls, canvasId, groupId)) {
    isSingle = single;
    for (const { source, value } of members)
      items.push(
        source.case === "groupId" ? await valueByPages(calls, canvasId, source.value) : (value ?? nothing),
      );
  }
  const list = { $typeName: "stem.v1.CanvasValueList" as const, items };
  return isSingle
    ? (items[0] ?? nothing)
    : { $typeName: "stem.v1.CanvasValue", value: { case: "list", value: list } };
}

const nothing: CanvasValue = { $typeName: "stem.v1.CanvasValue", value: { case: undefined } };
