import { stateFromProto, type TaskState } from "../task-state.ts";
import type { CanvasCalls } from "./canvas-calls.ts";
import { listMembers } from "./canvas-members.ts";
import { type CanvasState, canvasFromProto } from "./canvas-status.ts";

/** The ends of tasks. */
export type EndedState = Extract<TaskState, "succeeded" | "failed" | "cancelled" | "expired">;

/** How far a group of a canvas has come. */
export type InspectedGroup = {
  readonly state: CanvasState;
  /** No further members come. */
  readonly isSealed: boolean;
  /** How many members it has so far. */
  readonly size: number;
  /** How many of them have not ended. */
  readonly open: number;
  /** How many of them ended so. */
  readonly ended: { readonly [S in EndedState]: number };
  /** The tasks that failed, by their index. */
  readonly failedIds: readonly string[];
};

/** Counts the members of a group, the outermost unless another is named; lists them only where some did not succeed. */
export async function inspectGroup(
  calls: CanvasCalls,
  canvasId: string,
  groupId: string | undefined,
): Promise<InspectedGroup> {
  const { state, groups } = canvasFromProto(await calls.getCanvas({ canvasId }));
  const group = groups.find(({ id }) => groupId === undefined || id === groupId);
  const none = { succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
  if (group === undefined) return { state, isSealed: true, size: 0, open: 0, ended: none, failedIds: [] };
  const { size, ended: endedCount, unsuccessful, isSealed } = group;
  const facts = { state: group.state, isSealed, size, open: size - endedCount };
  if (unsuccessful === 0) return { ...facts, ended: { ...none, succeeded: endedCount }, failedIds: [] };
  const ended = { ...none };
  const failedIds: string[] = [];
  for await (const member of listMembers(calls, canvasId, group.id)) {
    const end = stateFromProto(member.state) as EndedState;
    ended[end] += 1;
    if (end === "failed" && member.source.case === "taskId") failedIds.push(member.source.value);
  }
  // More may have ended since the group was read.
  const count = Object.values(ended).reduce((sum, each) => sum + each, 0);
  return { ...facts, open: Math.max(0, size - count), ended, failedIds };
}
