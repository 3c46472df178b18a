import type { UnknownField } from "@bufbuild/protobuf";
import type { CanvasNode as ProtoNode } from "@stem/proto/stem/v1/canvas_pb";
import { newTaskId } from "../ids.ts";
import { StemProblem } from "../problem.ts";
import { duration, timestamp } from "../run-options.ts";
import type { EnqueueOptions } from "../task-options.ts";
import type { CanvasCalls } from "./canvas-calls.ts";
import { canvasStateFromProto } from "./canvas-status.ts";
import { readerOf, type ValueReader } from "./canvas-values.ts";
import { encodedRoot } from "./encoded-root.ts";
import { materialized } from "./materialized.ts";
import { memberNodes } from "./member-nodes.ts";
import { type MembersPage, memberPages, skewed, wholeLimits } from "./member-pages.ts";
import { type AnyNode, beginningGroup, type GroupContent, type GroupLike } from "./node.ts";
import { encodeNode, inheritedFrom } from "./node-message.ts";
import { isBeyond, noTally } from "./task-message.ts";

/** What is said of a canvas as a whole. */
export type SubmitOptions = {
  /** Its id. Default: a new UUIDv7. The same id with the same content is stored once; with other content it is CANVAS_EXISTS. */
  readonly id?: string;
  /** What to call it in lists; at most 255 printable ASCII characters without spaces. */
  readonly name?: string;
  /** Words to find it by, at most 16. */
  readonly tags?: readonly string[];
  /** It fails, and what goes on of it is cancelled, if it has not ended so long after the server accepted it; up to 10 years. */
  readonly deadlineMs?: number;
  /** The same, at this instant. Wins over `deadlineMs`. */
  readonly deadlineAt?: Date;
  /** How long it, its tasks and their results are kept after its end, up to 10 years. Default 24 h. */
  readonly resultRetentionMs?: number;
} & Pick<EnqueueOptions, "trace" | "parentId" | "rootId">;

/** A canvas that is stored, and who reads what it leaves. */
export type Submitted = Stored & { readonly reader: ValueReader };

type Stored = { readonly id: string; readonly deduplicated: boolean };

/**
 * Submits a canvas. A group of more members than a call takes, or of members that are read one after the other, is submitted open with the
 * first of them; the others follow page by page, and with the last ones it is sealed. Each call may be repeated, and so may all of them: the
 * same canvas with the same id is stored once.
 */
export async function submitCanvas(
  calls: CanvasCalls,
  canvas: AnyNode,
  options: SubmitOptions,
): Promise<Submitted> {
  const request = requestOf(options);
  const root = await materialized(canvas, true);
  const group = beginningGroup(root);
  const whole = await submittedWhole(calls, request, root, group);
  if (whole !== undefined) return { ...whole, reader: readerOf(root) };
  if (group === undefined) throw new Error("a canvas without a group has no pages");
  let member: AnyNode | undefined;
  async function* members(content: GroupContent): AsyncGenerator<AnyNode> {
    for await (const each of memberNodes(content)) {
      member ??= each;
      yield each;
    }
  }
  const pages = memberPages(members(group.content), inheritedAt(root, group));
  const stored = await submitPages(calls, request, { root, group, pages });
  return { ...stored, reader: readerOf(root, member) };
}

type Paged = {
  readonly root: AnyNode;
  readonly group: GroupLike;
  readonly pages: AsyncIterable<MembersPage>;
};

async function submitPages(
  calls: CanvasCalls,
  request: Request,
  { root, group, pages }: Paged,
): Promise<Stored> {
  const { open = false, skewMs = 0 } = group.content.gathering;
  let result: Stored | undefined;
  let [sent, number] = [0, 0];
  for await (const { members, isLast } of pages) {
    if (result === undefined) {
      const opened = { group, members, isOpen: open || !isLast };
      const first = await encodeNode(root, { inherited: {}, tally: noTally(), opened });
      result = await submitted(calls, request, { root: first });
    } else {
      const page = { members: members.map((member, at) => skewed(member, (sent + at) * skewMs)), isLast };
      if (!(await added(calls, { canvasId: result.id, number, page, isSealed: isLast && !open }))) break;
    }
    sent += members.length;
    number += 1;
  }
  return result as Stored;
}

/** Submits the canvas by one call; undefined where a group is too large for that, or not all there yet. */
async function submittedWhole(
  calls: CanvasCalls,
  request: Request,
  root: AnyNode,
  group: GroupLike | undefined,
): Promise<Stored | undefined> {
  if (group !== undefined && !isShort(group)) return undefined;
  const whole = await wholeRoot(root, group !== undefined);
  if (whole === undefined) return undefined;
  try {
    return await submitted(calls, request, whole);
  } catch (error) {
    const isTooLarge = error instanceof StemProblem && error.reason === "BATCH_TOO_LARGE";
    if (group === undefined || !isTooLarge) throw error;
    return undefined;
  }
}

/** The root of a canvas as one message, or as its bytes; undefined where it is too large. One that has no pages is left to the server. */
async function wholeRoot(root: AnyNode, hasPages: boolean): Promise<RootInRequest | undefined> {
  const tally = { ...noTally(), max: wholeLimits };
  const encoded = await encodedRoot(root, tally);
  if (encoded !== undefined) return { $unknown: [encoded] };
  if (hasPages && isBeyond(tally)) return undefined;
  const again = noTally();
  const message = await encodeNode(root, { inherited: {}, tally: again });
  return hasPages && isBeyond({ ...again, max: wholeLimits }) ? undefined : { root: message };
}

type RootInRequest = { readonly root: ProtoNode } | { readonly $unknown: UnknownField[] };

function isShort({ content }: GroupLike): boolean {
  const source = content.kind === "group" ? content.members : content.items;
  const size = content.kind === "group" ? 1 : content.size;
  return Array.isArray(source) && source.length <= wholeLimits.tasksMax * size;
}

type Request = ReturnType<typeof requestOf>;

async function submitted(calls: CanvasCalls, request: Request, root: RootInRequest): Promise<Stored> {
  const { canvasId, deduplicated } = await calls.submitCanvas({ ...request, ...root });
  return { id: canvasId, deduplicated };
}

function requestOf(options: SubmitOptions) {
  const { id = newTaskId(), name = "", tags = [], deadlineMs, deadlineAt, resultRetentionMs } = options;
  const { trace, parentId, rootId } = options;
  const after = duration("deadlineMs", deadlineMs);
  const at = timestamp("deadlineAt", deadlineAt);
  const resultRetention = duration("resultRetentionMs", resultRetentionMs);
  return {
    ...{ id, name, tags: [...tags] },
    ...(after && { deadline: { case: "deadlineAfter" as const, value: after } }),
    ...(at && { deadline: { case: "deadlineTime" as const, value: at } }),
    ...(resultRetention && { resultRetention }),
    ...(trace && { trace }),
    ...(parentId !== undefined && { parentId }),
    ...(rootId !== undefined && { rootId }),
  };
}

type Page = {
  readonly canvasId: string;
  readonly number: number;
  readonly page: MembersPage;
  readonly isSealed: boolean;
};

/** Adds a page; false where the canvas has ended meanwhile, so that there is nothing to add to. */
async function added(calls: CanvasCalls, { canvasId, number, page, isSealed }: Page): Promise<boolean> {
  const request = { canvasId, requestId: `page-${number}`, members: [...page.members], seal: isSealed };
  try {
    await calls.addCanvasMembers(request);
    return true;
  } catch (error) {
    if (!(error instanceof StemProblem) || error.reason !== "CANVAS_GROUP_CLOSED") throw error;
    const { canvas } = await calls.getCanvas({ canvasId });
    if (canvas === undefined || canvasStateFromProto(canvas.state) === "open") throw error;
    return false;
  }
}

/** What the tasks of a group get from all that the group is in. */
function inheritedAt(root: AnyNode, group: AnyNode) {
  let inherited = inheritedFrom(root, {});
  for (let node = root; node !== group; ) {
    node = firstOf(node);
    inherited = inheritedFrom(node, inherited);
  }
  return inherited;
}

const firstOf = ({ content }: AnyNode): AnyNode => {
  if (content.kind === "chain" && content.steps[0]) return content.steps[0];
  if (content.kind === "chord") return content.header;
  throw new Error(`a ${content.kind} begins with no other node`);
};
