import type { CanvasValue } from "@stem/proto/stem/v1/canvas_pb";
import type { PayloadCodec } from "../codec/codec.ts";
import { jsonCodec } from "../codec/json.ts";
import { payloadFromProto } from "../codec/payload.ts";
import type { AnyTask } from "../define-task.ts";
import { applySchema } from "../schema.ts";
import { parentFailureFromProto } from "./canvas-cause.ts";
import { isAllThere } from "./materialized.ts";
import type { AnyNode, GroupContent } from "./node.ts";

/** Reads what a node left. */
export type ValueReader = (value: CanvasValue | undefined) => unknown;

/** Reads a value of which nobody has said what it is. */
export const plainReader: ValueReader = (value) => read(value, jsonCodec);

/** Reads what a node leaves, as the definitions of its tasks say; `member`: one of a group whose members were read one after the other. */
export function readerOf({ content }: AnyNode, member?: AnyNode): ValueReader {
  switch (content.kind) {
    case "task":
      return taskReader(content.task as AnyTask);
    case "chain":
      // Only where it is the only step are its members those of the chain.
      return readerOf(content.steps.at(-1) as AnyNode, content.steps.length === 1 ? member : undefined);
    case "chord":
      return readerOf(content.body);
    case "group":
      return groupReader(content, member);
    default: {
      const ofItem = taskReader(content.each.task as AnyTask);
      return listReader(() => ofItem);
    }
  }
}

/** What a group that took a task's place left is read as what that task would have left. */
const taskReader =
  ({ name, resultSchema, resultCodec }: AnyTask): ValueReader =>
  (value) =>
    applySchema(resultSchema, read(value, resultCodec), { taskName: name, part: "result" });

/** Members that were added later, or stand where a group has dissolved, are read as the last of those that are known. */
function groupReader(
  content: Extract<GroupContent, { kind: "group" }>,
  member: AnyNode | undefined,
): ValueReader {
  const known = isAllThere(content) ? (content.members as readonly AnyNode[]) : member ? [member] : [];
  const readers = known.flatMap((each) => dissolved(each, content).map((inner) => readerOf(inner)));
  return listReader((place) => readers[place] ?? readers.at(-1) ?? plainReader);
}

/** The members of a group that is nothing but a member, and does as the group around it does, are that one's. */
function dissolved(member: AnyNode, around: GroupContent): readonly AnyNode[] {
  const { content, said } = member;
  if (content.kind !== "group" || said.options.link || said.options.linkError) return [member];
  const { onMemberFailure = "wait", open, linkAttempted, linkCompleted } = content.gathering;
  const isAlike = onMemberFailure === (around.gathering.onMemberFailure ?? "wait");
  if (!isAlike || open || linkAttempted || linkCompleted || !isAllThere(content)) return [member];
  return (content.members as readonly AnyNode[]).flatMap((inner) => dissolved(inner, around));
}

const listReader =
  (readerAt: (place: number) => ValueReader): ValueReader =>
  (value) =>
    value?.value.case === "list"
      ? Promise.all(value.value.value.items.map((item, place) => itemOf(item, readerAt(place))))
      : plainReader(value);

const itemOf = (item: CanvasValue, reader: ValueReader): unknown =>
  item.value.case === "failure" ? parentFailureFromProto(item.value.value) : reader(item);

function read(value: CanvasValue | undefined, codec: PayloadCodec): unknown {
  const left = value?.value;
  switch (left?.case) {
    case "result":
      return codec.decode(payloadFromProto(left.value));
    case "list":
      return left.value.items.map((item) => read(item, codec));
    case "failure":
      return parentFailureFromProto(left.value);
    default:
      return undefined;
  }
}
