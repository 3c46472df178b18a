/** The tree of a canvas on its way in. What a node says is checked where it is read; paths begin at the message that holds the node. */

import type { CanvasNode, Chain, Chord, Gathering } from "@stem/proto/stem/v1/canvas_pb";
import { OnMemberFailure as WireOnMemberFailure } from "@stem/proto/stem/v1/canvas_pb";
import type { Link as LinkMessage, NewTask, TaskOptions } from "@stem/proto/stem/v1/task_pb";
import type { CanvasDraft, DraftLeaf } from "../../broker/broker.ts";
import { allOf, type Bulk } from "../../model/bulk.ts";
import type { BarrierEnd, OnMemberFailure } from "../../model/canvas.ts";
import type { CallbackOf } from "../../model/canvas-node.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { skewed } from "./canvas-skew.ts";
import { spreadOf } from "./canvas-spread.ts";
import { type DraftContext, readCallback, readDraftTask, readPlainLeaf } from "./canvas-task.ts";
import { headerOf, membersOf, nodeOf, PlainMembers } from "./plain-members.ts";
import { durationMs } from "./time-fields.ts";

/** Where a node stands, and what it has from those that it stands in. */
type Standing = {
  readonly path: string;
  readonly depth: number;
  /** Something is before it. */
  readonly isFed: boolean;
  readonly ignoreInput: boolean;
  readonly inputAs: string | undefined;
  readonly defaults: readonly TaskOptions[];
  /** It may be open. */
  readonly mayBeOpen: boolean;
  /** What a group does that says nothing: of a member of a group the same as that one. */
  readonly usual: OnMemberFailure;
};

/** Reads the trees of one request; throws the first problem. */
export function readDrafts(
  nodes: readonly CanvasNode[],
  pathOf: (at: number) => string,
  context: DraftContext,
  { mayBeOpen = false } = {},
): readonly CanvasDraft[] {
  const reading: Reading = { context, count: createTaskCount(context.limits) };
  return nodes.map((node, at) =>
    readNode(reading, node, {
      ...{ path: pathOf(at), depth: 1, isFed: false, ignoreInput: false, inputAs: undefined },
      ...{ defaults: [], mayBeOpen, usual: "wait" },
    }),
  );
}

/** What a request adds to a group: nodes, or tasks in bulk. */
export type AddedDrafts = {
  readonly drafts: readonly CanvasDraft[];
  readonly bulk: Bulk<readonly DraftLeaf[]> | undefined;
};

/** Reads that; throws the first problem. */
export function readAdded(
  added: readonly CanvasNode[] | PlainMembers,
  pathOf: (at: number) => string,
  context: DraftContext,
): AddedDrafts {
  if (!(added instanceof PlainMembers))
    return { drafts: readDrafts(added, pathOf, context), bulk: undefined };
  const reading: Reading = { context, count: createTaskCount(context.limits) };
  const bulk = bulkOf(reading, added, { depth: 1, defaults: [] }, pathOf);
  if (bulk !== undefined) return { drafts: [], bulk };
  return { drafts: readDrafts(allOf(added).map(nodeOf), pathOf, context), bulk };
}

/** One request being read. */
type Reading = {
  readonly context: DraftContext;
  readonly count: TaskCount;
};

/** Counts the tasks of a request. */
type TaskCount = {
  /** Counts one, at a path. */
  one(path: string, id: string | undefined): void;
  /** Counts many; false, and none is counted, where one by one something would be wrong. */
  many(tasks: { readonly count: number; readonly ids: readonly string[] }): boolean;
};

/** Makes what bounds the tasks of a request, and their own ids to one each. */
function createTaskCount({ canvasTasksMax: itemsMax }: DraftContext["limits"]): TaskCount {
  const ids = new Set<string>();
  let items = 0;
  return {
    one(path, id) {
      items += 1;
      if (items > itemsMax)
        throw new StemProblem({ reason: "BATCH_TOO_LARGE", field: path, items, itemsMax });
      if (id === undefined) return;
      if (ids.has(id)) throw fieldInvalid(`${path}.id`, "must not be the id of another task of the canvas");
      ids.add(id);
    },
    many({ count, ids: more }) {
      const areNew = new Set(more).size === more.length && !more.some((id) => ids.has(id));
      if (items + count > itemsMax || !areNew) return false;
      items += count;
      for (const id of more) ids.add(id);
      return true;
    },
  };
}

function readNode(reading: Reading, message: CanvasNode, above: Standing): CanvasDraft {
  const { limits } = reading.context;
  const standing = below(message, above);
  const { path } = standing;
  if (standing.depth > limits.canvasDepthMax)
    throw fieldInvalid(path, `must not be nested deeper than ${limits.canvasDepthMax}`);
  const { node } = message;
  switch (node.case) {
    case "task":
      return readTask(reading, node.value, message, { ...standing, path: `${path}.task` });
    case "chain":
      return readChain(reading, node.value, message, standing);
    case "group":
      return readGroup(reading, membersOf(node.value), {
        ...{ standing: { ...standing, path: `${path}.group` }, field: "members", node: message },
        gathering: node.value.gathering,
      });
    case "chord":
      return readChord(reading, node.value, message, standing);
    case "map":
    case "starmap":
    case "chunks": {
      const { nodes, gathering } = spreadOf(node, path, limits);
      const inSpread = { ...standing, path: `${path}.${node.case}` };
      return readGroup(reading, nodes, {
        ...{ standing: inSpread, field: "items", node: message, gathering },
      });
    }
    case undefined:
      throw fieldInvalid(`${path}.node`, "must say what it is");
  }
}

function readTask(
  { context, count }: Reading,
  task: NewTask,
  { link, linkError }: CanvasNode,
  standing: Standing,
): CanvasDraft {
  count.one(standing.path, task.id);
  const leaf = readDraftTask(task, { ...standing, links: link, linkErrors: linkError }, context);
  return { kind: "task", ...leaf };
}

function readChain(reading: Reading, { steps }: Chain, node: CanvasNode, standing: Standing): CanvasDraft {
  const { canvasStepsMax } = reading.context.limits;
  const path = `${standing.path}.chain.steps`;
  if (steps.length === 0) throw fieldInvalid(path, "must have at least 1 item");
  if (steps.length > canvasStepsMax) throw fieldInvalid(path, `must have at most ${canvasStepsMax} items`);
  return {
    kind: "chain",
    callbacks: readCallbacks(reading, node, standing.path, undefined),
    steps: steps.map((step, at) => {
      const own = { ...standing, ...apart, path: `${path}[${at}]`, depth: standing.depth + 1 };
      return readNode(reading, step, at === 0 ? own : { ...own, ...fed });
    }),
  };
}

function readChord(reading: Reading, chord: Chord, node: CanvasNode, standing: Standing): CanvasDraft {
  const { body, gathering } = chord;
  const path = `${standing.path}.chord`;
  if (body === undefined) throw fieldInvalid(`${path}.body`, "must be set");
  const inner = { ...standing, ...apart, depth: standing.depth + 1 };
  // One level for both: to whoever wrote it, its header is no node of its own.
  const first = { ...inner, depth: standing.depth, path, usual: "fail_fast" } as const;
  // Its links are of the whole, and not of its header.
  const bare = { ...node, link: [], linkError: [] };
  return {
    kind: "chain",
    callbacks: readCallbacks(reading, node, standing.path, undefined),
    steps: [
      readGroup(reading, headerOf(chord), { standing: first, field: "header", node: bare, gathering }),
      readNode(reading, body, { ...inner, ...fed, path: `${path}.body` }),
    ],
  };
}

function readGroup(
  reading: Reading,
  members: readonly CanvasNode[] | PlainMembers,
  { field, standing, node, gathering }: Grouping,
): CanvasDraft {
  const { path, depth, usual } = standing;
  const { delayMsMax } = reading.context.limits;
  const isOpen = gathering?.open ?? false;
  if (isOpen && !standing.mayBeOpen)
    throw fieldInvalid(`${path}.gathering.open`, "must not be set where other nodes are before or around it");
  const onMemberFailure =
    failureModes[gathering?.onMemberFailure ?? WireOnMemberFailure.UNSPECIFIED] ?? usual;
  const inner = { ...standing, depth: depth + 1, mayBeOpen: false, usual: onMemberFailure };
  const skewMs = gathering?.skew === undefined ? 0 : durationMs(gathering.skew);
  const arePlain = members instanceof PlainMembers;
  if (skewMs * (arePlain ? members.count : members.length) > delayMsMax)
    throw fieldInvalid(`${path}.gathering.skew`, `must not put a member off by more than ${delayMsMax} ms`);
  const pathOf = (at: number): string => `${path}.${field}[${at}]`;
  const callbacks = readCallbacks(reading, node, path, gathering);
  const said = { kind: "group", isOpen, onMemberFailure, callbacks } as const;
  const bulk = arePlain && skewMs === 0 ? bulkOf(reading, members, inner, pathOf) : undefined;
  if (bulk !== undefined) return { ...said, members: [], bulk };
  const nodes = arePlain ? allOf(members).map(nodeOf) : members;
  return {
    ...said,
    members: nodes.map((member, at) =>
      skewed(readNode(reading, member, { ...inner, path: pathOf(at) }), at * skewMs),
    ),
  };
}

/**
 * Plain members stay what they are where nothing around them adds to them: then no more can be wrong with one. They are directly in the
 * tree's root, so that nothing is before them.
 */
function bulkOf(
  { context, count }: Reading,
  members: PlainMembers,
  { depth, defaults }: Pick<Standing, "depth" | "defaults">,
  pathOf: (at: number) => string,
): Bulk<readonly DraftLeaf[]> | undefined {
  const isPlain =
    context.trace === undefined && defaults.length === 0 && depth <= context.limits.canvasDepthMax;
  if (!isPlain || !count.many(members)) return undefined;
  const taskPathOf = (at: number): string => `${pathOf(at)}.task`;
  return {
    count: members.count,
    *slices() {
      let from = 0;
      for (const slice of members.slices()) {
        const first = from;
        yield slice.map((task, n) => readPlainLeaf(task, { at: first + n, pathOf: taskPathOf }, context));
        from += slice.length;
      }
    },
  };
}

function readCallbacks(
  { context, count }: Reading,
  { link, linkError }: CanvasNode,
  path: string,
  gathering: Gathering | undefined,
): CallbackOf<DraftLeaf>[] {
  const of = (on: BarrierEnd, field: string, links: readonly LinkMessage[]) => {
    if (links.length > context.limits.linksMax)
      throw fieldInvalid(`${path}.${field}`, `must have at most ${context.limits.linksMax} items`);
    return links.map((each, at) => {
      const own = `${path}.${field}[${at}]`;
      count.one(`${own}.task`, each.task?.id);
      return { ...readCallback(each, own, on, context), on };
    });
  };
  return [
    ...of("succeeded", "link", link),
    ...of("failed", "link_error", linkError),
    ...of("attempted", "gathering.link_attempted", gathering?.linkAttempted ?? []),
    ...of("completed", "gathering.link_completed", gathering?.linkCompleted ?? []),
  ];
}

type Grouping = {
  readonly field: string;
  readonly standing: Standing;
  readonly node: CanvasNode;
  readonly gathering: Gathering | undefined;
};

/** What is in a chain is no member of the group that the chain is in. */
const apart = { usual: "wait" } as const;

/** What comes after something: it is handed that, whatever is said of the one before it. */
const fed = { isFed: true, ignoreInput: false, inputAs: undefined, mayBeOpen: false };

/** What a node says of itself holds for what is in it, where that says nothing. */
function below(node: CanvasNode, above: Standing): Standing {
  const { ignoreInput, inputAs, defaults } = node;
  if (ignoreInput && inputAs !== undefined)
    throw fieldInvalid(`${above.path}.input_as`, "must not be given together with ignore_input");
  if (defaults !== undefined && defaults.link.length + defaults.linkError.length > 0)
    throw fieldInvalid(`${above.path}.defaults`, "must not have links: those are a node's own");
  return {
    ...above,
    ignoreInput: above.ignoreInput || ignoreInput,
    inputAs: inputAs ?? above.inputAs,
    defaults: defaults === undefined ? above.defaults : [defaults, ...above.defaults],
  };
}

const failureModes: { readonly [M in WireOnMemberFailure]: OnMemberFailure | undefined } = {
  [WireOnMemberFailure.UNSPECIFIED]: undefined,
  [WireOnMemberFailure.FAIL_FAST]: "fail_fast",
  [WireOnMemberFailure.WAIT]: "wait",
  [WireOnMemberFailure.CARRY_ON]: "carry_on",
};
