/** Canvases run inline, by what a test answers for their tasks: one task after the other, each member of a group in its place. */

import type { Task } from "@stem/proto/stem/v1/task_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { resultText } from "@stem/proto/wire/handed-args";
import type { CanvasCause } from "../canvas/canvas-cause.ts";
import { memberNodes } from "../canvas/member-nodes.ts";
import type { AnyNode, GroupLike, TaskContent } from "../canvas/node.ts";
import { gatheringOf, inheritedFrom } from "../canvas/node-message.ts";
import { payloadFromProto } from "../codec/payload.ts";
import type { AnyTask } from "../define-task.ts";
import { applySchema } from "../schema.ts";
import { type EnqueueOptions, type LinkCall, mergeOptions, type TaskOptions } from "../task-options.ts";
import { canvasTask, causeOf, type Handed } from "./fake-canvas-tasks.ts";
import type { FakeTask } from "./fake-handles.ts";

/** What a node left: as JSON for what follows, undefined where it is none, and as a value for whoever waits. */
export type Left = { readonly text: string | undefined; readonly value: unknown };

/** What running needs of the client. */
export type RunDeps = {
  /** Stores a task, or finds it. */
  readonly store: (fake: FakeTask) => void;
  /** How it ended. Rejects with NoAnswerError. */
  readonly end: (
    fake: FakeTask,
  ) => Promise<{ readonly task: Task; readonly replacement: AnyNode | undefined }>;
  readonly family: EnqueueOptions;
};

/** Something in a canvas did not succeed. */
export class NodeFailed extends Error {
  override readonly name = "NodeFailed";
  readonly why: CanvasCause;
  /** The failure as JSON. */
  readonly text: string;

  constructor({ cause, text }: { readonly cause: CanvasCause; readonly text: string }) {
    super(`a task did not succeed: ${cause.reason}`);
    this.why = cause;
    this.text = text;
  }
}

/** Where a node stands. */
type Standing = {
  readonly path: string;
  readonly inherited: TaskOptions;
  /** What is before it left; undefined: nothing is before it. */
  readonly before: Left | undefined;
  readonly isHeader?: boolean;
};

/** Runs a node; rejects with NodeFailed, and with NoAnswerError where the test has not said enough: it may be run again then. */
export async function runNode(deps: RunDeps, node: AnyNode, standing: Standing): Promise<Left> {
  const { content, said } = node;
  if (content.kind === "task") return runTask(deps, node, content, standing);
  const inside = {
    ...{ path: standing.path, inherited: inheritedFrom(node, standing.inherited) },
    before: said.input === undefined ? undefined : standing.before,
  };
  try {
    const left = await runInside(deps, node, { ...inside, isHeader: standing.isHeader === true });
    linkAll(deps, said.options.link, {
      path: `${standing.path}.succeeded`,
      on: "succeeded",
      text: left.text,
    });
    return left;
  } catch (error) {
    if (error instanceof NodeFailed)
      linkAll(deps, said.options.linkError, {
        path: `${standing.path}.failed`,
        on: "failed",
        text: error.text,
      });
    throw error;
  }
}

function runInside(deps: RunDeps, node: AnyNode, standing: Standing): Promise<Left> {
  const { content } = node;
  if (content.kind === "chain") return runSteps(deps, content.steps, standing);
  if (content.kind === "chord") return runSteps(deps, [content.header, content.body], standing, true);
  return runGroup(deps, node as GroupLike, standing);
}

async function runSteps(
  deps: RunDeps,
  steps: readonly AnyNode[],
  { path, inherited, before }: Standing,
  isChord = false,
): Promise<Left> {
  let left = before;
  for (const [at, step] of steps.entries()) {
    const standing = { path: `${path}.${at}`, inherited, before: left, isHeader: isChord && at === 0 };
    left = await runNode(deps, step, standing);
  }
  return left as Left;
}

async function runGroup(deps: RunDeps, node: GroupLike, standing: Standing): Promise<Left> {
  const {
    onMemberFailure = "wait",
    linkAttempted,
    linkCompleted,
  } = gatheringOf(node, standing.isHeader === true);
  const left: Left[] = [];
  let failed: NodeFailed | undefined;
  let at = 0;
  for await (const member of dissolved(node, onMemberFailure)) {
    try {
      left.push(
        await runNode(deps, member, { ...standing, path: `${standing.path}.${at}`, isHeader: false }),
      );
    } catch (error) {
      if (!(error instanceof NodeFailed)) throw error;
      if (onMemberFailure !== "carry_on") failed ??= error;
      left.push({ text: error.text, value: error.why.failure });
      if (onMemberFailure === "fail_fast") break;
    }
    at += 1;
  }
  const texts = left.map(({ text }) => text);
  const text = texts.includes(undefined) ? undefined : `[${texts.join(",")}]`;
  linkAll(deps, linkAttempted?.map(plain), { path: `${standing.path}.attempted`, on: "succeeded", text });
  linkAll(deps, linkCompleted, { path: `${standing.path}.completed`, on: "succeeded", text });
  if (failed) throw failed;
  return { text, value: left.map(({ value }) => value) };
}

/** What counts attempts is handed nothing. */
const plain = ({ task, args, options }: LinkCall): LinkCall => ({ task, args, options });

/** Members of a group that is nothing but a member, and does as this one does, are its own. */
async function* dissolved({ content }: GroupLike, mode: string): AsyncGenerator<AnyNode> {
  for await (const member of memberNodes(content)) {
    const { content: inner, said } = member;
    const isList = inner.kind !== "task" && inner.kind !== "chain" && inner.kind !== "chord";
    const isLinked = said.options.link !== undefined || said.options.linkError !== undefined;
    if (!isList || isLinked || isApart(inner.gathering, mode)) yield member;
    else
      for await (const each of dissolved(member as GroupLike, mode))
        yield each.saying(inheriting(member, each));
  }
}

const isApart = (
  { onMemberFailure = "wait", open, linkAttempted, linkCompleted }: GroupLike["content"]["gathering"],
  mode: string,
): boolean =>
  onMemberFailure !== mode || open === true || linkAttempted !== undefined || linkCompleted !== undefined;

const inheriting = (group: AnyNode, { said }: AnyNode) => ({
  options: mergeOptions(group.said.options, said.options),
  input: group.said.input && said.input,
});

async function runTask(
  deps: RunDeps,
  node: AnyNode,
  content: TaskContent,
  standing: Standing,
): Promise<Left> {
  const { input, options } = node.said;
  const { path, inherited, before } = standing;
  const call = { ...content, options: { ...mergeOptions(inherited, options) } };
  const handed: Handed | undefined = input && before && { on: "succeeded", text: before.text, as: input.as };
  const fake = canvasTask(call, path, deps.family, handed);
  deps.store(fake);
  const { task, replacement } = await deps.end(fake);
  if (task.state !== TaskState.SUCCEEDED) throw new NodeFailed(causeOf(task));
  if (replacement)
    return runNode(deps, replacement, { path: `${path}.replacement`, inherited: {}, before: undefined });
  const { name, resultCodec, resultSchema } = content.task as AnyTask;
  const value = await applySchema(resultSchema, resultCodec.decode(payloadFromProto(task.result)), {
    ...{ taskName: name, part: "result" },
  });
  return { text: resultText(task.result), value };
}

type Ending = { readonly path: string; readonly on: Handed["on"]; readonly text: string | undefined };

function linkAll(deps: RunDeps, links: readonly LinkCall[] | undefined, { path, on, text }: Ending): void {
  for (const [at, call] of (links ?? []).entries())
    deps.store(canvasTask(call, `${path}-${at}`, deps.family, call.input && { on, text, as: call.input.as }));
}
