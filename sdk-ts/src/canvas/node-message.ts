import { create } from "@bufbuild/protobuf";
import { CanvasNodeSchema, type CanvasNode as ProtoNode } from "@stem/proto/stem/v1/canvas_pb";
import { callOf } from "../links.ts";
import { check } from "../new-task.ts";
import { mergeOptions, saysNothing, type TaskOptions } from "../task-options.ts";
import type { GatherOptions } from "./gathering.ts";
import { gatheringMessage } from "./gathering-message.ts";
import { itemsMessage } from "./items-message.ts";
import { memberNodes } from "./member-nodes.ts";
import type { AnyNode, GroupLike, TaskContent } from "./node.ts";
import { checkLinks, linkMessages, newTask, noTally, type Tally } from "./task-message.ts";

/** How nodes become messages. */
export type Encoding = {
  /** What all that they are in says of their tasks. */
  readonly inherited: TaskOptions;
  /** What was encoded so far. */
  readonly tally: Tally;
  /** The group whose members are sent in pages. */
  readonly opened?: Opened | undefined;
  /** It is the header of a chord. */
  readonly isHeader?: boolean;
};

/** A group on its way out page by page: its first members, and whether others come. */
export type Opened = {
  readonly group: AnyNode;
  readonly members: readonly ProtoNode[];
  readonly isOpen: boolean;
};

/** A node by itself, such as one that takes the place of a task. Rejects with SchemaMismatchError, PayloadError, RangeError. */
export const nodeMessage = (node: AnyNode): Promise<ProtoNode> =>
  encodeNode(node, { inherited: {}, tally: noTally() });

/** A node with all that is in it. */
export async function encodeNode(node: AnyNode, encoding: Encoding): Promise<ProtoNode> {
  await checkLinks(node.said.options);
  const { content } = node;
  if (content.kind === "task") return messageOf(node, await taskMessage(node, content, encoding), encoding);
  const inside = { ...encoding, inherited: inheritedFrom(node, encoding.inherited), isHeader: false };
  if (content.kind === "chain") {
    const steps = await encodeAll(content.steps, inside);
    return messageOf(node, { case: "chain", value: chainOf(steps) }, encoding);
  }
  const made =
    content.kind === "chord"
      ? await chordMessage(content, inside)
      : await groupMessage(node as GroupLike, inside, encoding.isHeader === true);
  return messageOf(node, made, encoding);
}

/** What the tasks in a node get from it, and from what that is in. */
export function inheritedFrom({ said }: AnyNode, above: TaskOptions): TaskOptions {
  if (saysNothing(said.options)) return above;
  const { link: _, linkError: __, ...options } = said.options;
  return mergeOptions(above, options);
}

/** What a group says of its end; a chord's header fails at once, unless it says otherwise. */
export const gatheringOf = ({ content }: GroupLike, isHeader: boolean): GatherOptions =>
  isHeader ? { onMemberFailure: "fail_fast", ...content.gathering } : content.gathering;

type Made = ProtoNode["node"];

function messageOf({ said }: AnyNode, node: Made, { tally }: Encoding): ProtoNode {
  const { input, options } = said;
  return create(CanvasNodeSchema, {
    ...{ node, ignoreInput: input === undefined },
    ...(input?.as !== undefined && { inputAs: input.as }),
    link: linkMessages(options.link, tally),
    linkError: linkMessages(options.linkError, tally),
  });
}

async function encodeAll(
  nodes: Iterable<AnyNode> | AsyncIterable<AnyNode>,
  encoding: Encoding,
): Promise<ProtoNode[]> {
  const messages: ProtoNode[] = [];
  for await (const each of nodes) messages.push(await encodeNode(each, encoding));
  return messages;
}

async function taskMessage(
  node: AnyNode,
  { task, args }: TaskContent,
  { inherited, tally }: Encoding,
): Promise<Made> {
  const call = callOf({ task, args, options: inheritedFrom(node, inherited) });
  // What is handed something has all its arguments only then.
  if (node.said.input === undefined) await check(call);
  return { case: "task", value: newTask(call, tally) };
}

const chainOf = (steps: ProtoNode[]) => ({ $typeName: "stem.v1.Chain" as const, steps });

type Chord = Extract<AnyNode["content"], { kind: "chord" }>;

/** A header that is more than a list of members, or has links, is the first step of a chain. */
async function chordMessage({ header, body }: Chord, encoding: Encoding): Promise<Made> {
  const first = await encodeNode(header, { ...encoding, isHeader: true });
  const after = await encodeNode(body, encoding);
  const isPlain = first.link.length === 0 && first.linkError.length === 0 && !first.ignoreInput;
  if (first.node.case !== "group" || !isPlain) return { case: "chain", value: chainOf([first, after]) };
  const { members, gathering } = first.node.value;
  return {
    case: "chord",
    value: { $typeName: "stem.v1.Chord", header: members, body: after, ...(gathering && { gathering }) },
  };
}

async function groupMessage(node: GroupLike, encoding: Encoding, isHeader: boolean): Promise<Made> {
  const { opened, tally } = encoding;
  const isOpened = opened?.group === node;
  const options = gatheringOf(node, isHeader);
  const gathering = await gatheringMessage(isOpened ? { ...options, open: opened.isOpen } : options, tally);
  const compact = isOpened ? undefined : await itemsMessage(node.content, { ...encoding, gathering });
  if (compact) return compact;
  const members = isOpened ? [...opened.members] : await encodeAll(memberNodes(node.content), encoding);
  return { case: "group", value: { $typeName: "stem.v1.Group", members, gathering } };
}
