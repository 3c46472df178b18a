import type { CanvasValue } from "@stem/proto/stem/v1/canvas_pb";
import type { Clock } from "../clock.ts";
import { newTaskId } from "../ids.ts";
import { StemProblem } from "../problem.ts";
import type { CanvasCalls } from "./canvas-calls.ts";
import { CanvasCancelledError, CanvasFailedError, CanvasTimeoutError } from "./canvas-errors.ts";
import { type CanvasMember, listMembers, memberFromProto, valueByPages } from "./canvas-members.ts";
import {
  type CanvasExplanation,
  type CanvasState,
  type CanvasStatus,
  canvasExplanationFromProto,
  canvasFromProto,
  canvasStateFromProto,
} from "./canvas-status.ts";
import { plainReader, type ValueReader } from "./canvas-values.ts";
import type { MembersSource } from "./gathering.ts";
import { type InspectedGroup, inspectGroup } from "./inspect-group.ts";
import { memberPages } from "./member-pages.ts";
import type { CanvasNode } from "./node.ts";

/** How to wait for what a canvas leaves. */
export type CanvasResultOptions = {
  /** Give up after this long with a CanvasTimeoutError; the canvas goes on. Default: wait for ever. */
  readonly timeoutMs?: number;
  /** Give up when it aborts, with its reason; the canvas goes on. */
  readonly signal?: AbortSignal;
};

/** Which group of a canvas. */
export type OfGroup = {
  /** Default: the open one that the canvas was submitted with; of reads the outermost. */
  readonly groupId?: string;
};

/** How to add members. */
export type AddMembersOptions = OfGroup & {
  /** Names this call within the canvas: repeated, it adds nothing more. Default: a new one. */
  readonly requestId?: string;
  /** No others come after them. Default false. */
  readonly seal?: boolean;
};

/** A canvas that was submitted, from here or from elsewhere. */
export interface CanvasHandle<Result = unknown> {
  readonly id: string;
  /** True when an earlier call had stored the same canvas. */
  readonly deduplicated: boolean;
  /**
   * Waits for its end, also over breaks of the connection, and for what it leaves, however large. Rejects with CanvasFailedError,
   * CanvasCancelledError, CanvasTimeoutError, or StemProblem (CANVAS_UNKNOWN).
   */
  result(options?: CanvasResultOptions): Promise<Result>;
  /** Reads it as it is now, with its groups. */
  get(): Promise<CanvasStatus>;
  /** The canvas as it is now, and whenever a member of one of its groups has ended; ends when it has ended. */
  watch(options?: { readonly signal?: AbortSignal }): AsyncIterable<CanvasStatus>;
  /** Counts the members of a group by their states. */
  inspect(options?: OfGroup): Promise<InspectedGroup>;
  /** Members of a group that have ended, by their index, read page by page as they are asked for. */
  members(options?: OfGroup): AsyncIterable<CanvasMember>;
  /** What a group of it left so far, read page by page, as JSON reads it; of a node with links what that left. */
  resultOf(groupId: string): Promise<unknown>;
  /** Adds members to an open group; answers the index of the first. CANVAS_GROUP_CLOSED. */
  addMembers(members: MembersSource<CanvasNode>, options?: AddMembersOptions): Promise<number>;
  /** No further members come to a group. */
  seal(options?: OfGroup): Promise<void>;
  /** Cancels what waits of it, tells what runs, and starts nothing further; answers its state then. Idempotent. A text is the reason. */
  cancel(request?: string | { readonly reason?: string; readonly requester?: string }): Promise<CanvasState>;
  /**
   * Submits what did not succeed of it as a new canvas; what succeeded keeps its results and does not run again. Repeated without an id it is
   * the same new canvas. CANVAS_NOT_FAILED.
   */
  retry(options?: { readonly id?: string }): Promise<CanvasHandle<Result>>;
  /** Says why it has not ended: the tasks that it waits for, and why each does not run. */
  explain(): Promise<CanvasExplanation>;
}

/** What handles of canvases need of their client. */
export type CanvasHandleDeps = { readonly calls: CanvasCalls; readonly clock: Clock };

/** What is known of a canvas that a handle is for. */
export type KnownCanvas = {
  readonly id: string;
  readonly deduplicated?: boolean;
  readonly reader?: ValueReader;
};

/** Makes a handle. */
export function createCanvasHandle<Result>(
  deps: CanvasHandleDeps,
  { id: canvasId, deduplicated = false, reader = plainReader }: KnownCanvas,
): CanvasHandle<Result> {
  const { calls } = deps;
  return {
    ...{ id: canvasId, deduplicated },
    async result(options = {}) {
      throwUnlessSucceeded(await endOf(deps, canvasId, options));
      return (await reader(await leftOf(calls, canvasId))) as Result;
    },
    get: async () => canvasFromProto(await calls.getCanvas({ canvasId })),
    async *watch({ signal } = {}) {
      for await (const seen of calls.watchCanvas(canvasId, signal)) yield canvasFromProto(seen);
    },
    inspect: ({ groupId } = {}) => inspectGroup(calls, canvasId, groupId),
    async *members({ groupId } = {}) {
      const group = groupId ?? (await outermost(calls, canvasId));
      for await (const member of listMembers(calls, canvasId, group)) yield memberFromProto(member);
    },
    resultOf: async (groupId) => plainReader(await valueByPages(calls, canvasId, groupId)),
    async addMembers(members, { requestId = newTaskId(), seal = false, ...of } = {}) {
      const request = { canvasId, requestId, isSealed: seal, ...of };
      return addMembers(calls, request, members);
    },
    async seal({ groupId } = {}) {
      const of = groupId === undefined ? { requestId: "seal" } : { groupId, requestId: `seal-${groupId}` };
      await calls.addCanvasMembers({ canvasId, ...of, seal: true });
    },
    async cancel(request = {}) {
      const { reason = "", requester = "" } = typeof request === "string" ? { reason: request } : request;
      return canvasStateFromProto((await calls.cancelCanvas({ canvasId, reason, requester })).state);
    },
    async retry({ id } = {}) {
      const request = { canvasId, ...(id !== undefined && { newCanvasId: id }) };
      const again = await calls.retryCanvas(request);
      return createCanvasHandle(deps, { id: again.canvasId, deduplicated: again.deduplicated, reader });
    },
    explain: async () => canvasExplanationFromProto(await calls.explainCanvas({ canvasId })),
  };
}

/** The canvas when it has ended. */
async function endOf(
  { calls, clock }: CanvasHandleDeps,
  canvasId: string,
  { timeoutMs, signal }: CanvasResultOptions,
): Promise<CanvasStatus> {
  const over = new AbortController();
  let state: CanvasState | undefined;
  const cancelTimer =
    timeoutMs === undefined
      ? undefined
      : clock.after(timeoutMs, () => over.abort(new CanvasTimeoutError(canvasId, timeoutMs, state)));
  try {
    const stop = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    for await (const seen of calls.watchCanvas(canvasId, stop)) {
      const status = canvasFromProto(seen);
      state = status.state;
      if (state !== "open") return status;
    }
  } finally {
    cancelTimer?.();
  }
  throw new Error("the watch ended before the canvas");
}

function throwUnlessSucceeded({ id, state, cause }: CanvasStatus): void {
  if (state === "cancelled") throw new CanvasCancelledError(id, cause);
  if (state !== "succeeded") throw new CanvasFailedError(id, cause);
}

async function leftOf(calls: CanvasCalls, canvasId: string): Promise<CanvasValue | undefined> {
  try {
    return (await calls.getCanvasResult({ canvasId })).value;
  } catch (error) {
    if (!(error instanceof StemProblem) || error.reason !== "RESULT_TOO_LARGE") throw error;
    return valueByPages(calls, canvasId);
  }
}

/** The group that is all of a canvas, or that it begins with; undefined: it has none. */
const outermost = async (calls: CanvasCalls, canvasId: string): Promise<string | undefined> =>
  (await calls.getCanvas({ canvasId })).canvas?.groups[0]?.id;

type Adding = OfGroup & { readonly canvasId: string; readonly requestId: string; readonly isSealed: boolean };

/** What exceeds a call goes in several, named after the first. */
async function addMembers(
  calls: CanvasCalls,
  { requestId, isSealed, ...of }: Adding,
  added: MembersSource<CanvasNode>,
): Promise<number> {
  let first: number | undefined;
  let number = 0;
  for await (const { members, isLast } of memberPages(added, {})) {
    const seal = isLast && isSealed;
    const name = number === 0 ? requestId : `${requestId}-${number}`;
    const answer = await calls.addCanvasMembers({ ...of, requestId: name, members: [...members], seal });
    first ??= answer.firstIndex;
    number += 1;
  }
  return first ?? 0;
}
