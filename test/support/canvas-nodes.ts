/** Canvases as tests write them down: trees of messages. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  CanvasNode,
  CanvasNodeSchema,
  CanvasValue,
  GatheringSchema,
} from "@stem/proto/stem/v1/canvas_pb";
import type { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";

/** A node, as a call takes it. */
export type Node = Exclude<MessageInitShape<typeof CanvasNodeSchema>, CanvasNode>;
type Task = MessageInitShape<typeof NewTaskSchema>;
type Gathering = MessageInitShape<typeof GatheringSchema>;

/** A JSON payload. */
export const json = (value: unknown) => ({ data: { case: "json" as const, value: JSON.stringify(value) } });

/** A task of these arguments. */
export const task = (name: string, ...args: readonly unknown[]): Node => taskOf({ name, args: json(args) });

/** A task that says more of itself. */
export const taskOf = (value: Task): Node => ({ node: { case: "task", value } });

/** One after the other. */
export const chain = (...steps: readonly Node[]): Node => ({
  node: { case: "chain", value: { steps: [...steps] } },
});

/** Side by side. */
export const group = (...members: readonly Node[]): Node => gathering({}, ...members);

/** Side by side, gathered as it says. */
export const gathering = (how: Gathering, ...members: readonly Node[]): Node => ({
  node: { case: "group", value: { members: [...members], gathering: how } },
});

/** A group, and what becomes of its results. */
export const chord = (header: readonly Node[], body: Node, how: Gathering = {}): Node => ({
  node: { case: "chord", value: { header: [...header], body, gathering: how } },
});

/** A node that is not handed what is before it. */
export const alone = (node: Node): Node => ({ ...node, ignoreInput: true });

/** A node with a task for its success. */
export const calling = (node: Node, name: string): Node => ({ ...node, link: [linkTo(name)] });

/** A node with a task for its failure. */
export const failing = (node: Node, name: string): Node => ({ ...node, linkError: [linkTo(name)] });

/** A link to a task of that name. */
export const linkTo = (name: string) => ({ task: { name } });

/** So many of the same. */
export const times = <One>(count: number, one: One): readonly One[] =>
  Array.from({ length: count }, () => one);

/** What a node left, as a value of the language: of a failure its message. */
export function plainValue(value: CanvasValue | undefined): unknown {
  const { value: left } = value ?? { value: { case: undefined } };
  switch (left.case) {
    case "result":
      return left.value.data.case === "json" ? JSON.parse(left.value.data.value) : left.value.data.value;
    case "list":
      return left.value.items.map(plainValue);
    case "failure":
      return { failed: left.value.failure?.message ?? left.value.reason };
    case undefined:
      return undefined;
  }
}
