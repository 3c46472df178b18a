import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CanvasNode as ProtoNode } from "@stem/proto/stem/v1/canvas_pb";
import { TaskOptionsSchema } from "@stem/proto/stem/v1/task_pb";
import type { TaskOptions } from "../task-options.ts";
import type { AnyNode } from "./node.ts";
import { encodeNode } from "./node-message.ts";
import { noTally } from "./task-message.ts";

/** How much of a canvas goes into one call that brings all of it: what a server takes, unless it was told otherwise. */
export const wholeLimits = { tasksMax: 10_000, bytesMax: 3 * 1024 * 1024 };

/** How much goes into a page of members. The server takes ten times as many tasks, and half a MiB more. */
export const pageLimits = { tasksMax: 1000, bytesMax: 3 * 1024 * 1024 };

/** Members that go into one call. */
export type MembersPage = { readonly members: readonly ProtoNode[]; readonly isLast: boolean };

/** Cuts members into pages, each read when the one before it was taken. There is at least one, which may be empty. */
export async function* memberPages(
  members: Iterable<AnyNode> | AsyncIterable<AnyNode>,
  inherited: TaskOptions,
  { tasksMax, bytesMax } = pageLimits,
): AsyncGenerator<MembersPage> {
  let page: ProtoNode[] = [];
  let filled = noTally();
  for await (const member of members) {
    const tally = noTally();
    const message = await encodeNode(member, { inherited, tally });
    const isBeyond = filled.tasks + tally.tasks > tasksMax || filled.bytes + tally.bytes > bytesMax;
    if (isBeyond && page.length > 0) {
      yield { members: page, isLast: false };
      page = [];
      filled = noTally();
    }
    page.push(message);
    filled = { tasks: filled.tasks + tally.tasks, bytes: filled.bytes + tally.bytes };
  }
  yield { members: page, isLast: true };
}

/** The same node, whose first tasks start so much later. */
export function skewed(node: ProtoNode, ms: number): ProtoNode {
  if (ms === 0) return node;
  const made = node.node;
  switch (made.case) {
    case "chain":
      return {
        ...node,
        node: { ...made, value: { ...made.value, steps: firstSkewed(made.value.steps, ms) } },
      };
    case "group":
      return {
        ...node,
        node: { ...made, value: { ...made.value, members: allSkewed(made.value.members, ms) } },
      };
    case "chord":
      return {
        ...node,
        node: { ...made, value: { ...made.value, header: allSkewed(made.value.header, ms) } },
      };
    case undefined:
      return node;
    default: {
      const { task } = made.case === "task" ? { task: made.value } : made.value;
      if (task === undefined) return node;
      const options = task.options ?? create(TaskOptionsSchema);
      task.options = { ...options, start: later(options.start, ms) };
      return node;
    }
  }
}

const allSkewed = (nodes: readonly ProtoNode[], ms: number): ProtoNode[] =>
  nodes.map((each) => skewed(each, ms));

const firstSkewed = (steps: readonly ProtoNode[], ms: number): ProtoNode[] =>
  steps.map((step, at) => (at === 0 ? skewed(step, ms) : step));

type Start = NonNullable<ProtoNode["defaults"]>["start"];

function later(start: Start, ms: number): Start {
  if (start.case === "notBeforeTime")
    return { ...start, value: timestampFromDate(new Date(timestampDate(start.value).getTime() + ms)) };
  return {
    case: "delay",
    value: durationFromMs((start.case === "delay" ? durationMs(start.value) : 0) + ms),
  };
}
