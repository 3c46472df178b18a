import type { CanvasValue } from "@stem/proto/stem/v1/canvas_pb";
import type { PayloadCodec } from "../codec/codec.ts";
import { jsonCodec } from "../codec/json.ts";
import { payloadFromProto } from "../codec/payload.ts";
import type { AnyTask } from "../define-task.ts";
import { applySchema } from "../schema.ts";
import { parentFailureFromProto } from "./canvas-cause.ts";
import type { AnyNode, GroupContent } from "./node.ts";

/** Reads what a node left. */
export type ValueReader = (value: CanvasValue | undefined) => unknown;

/** Reads a value of which nobody has said what it is. */
export const plainReader: ValueReader = (value) => read(value, jsonCodec);

/** Reads what a node leaves, as the definitions of its tasks say. */
export function readerOf({ content }: AnyNode): ValueReader {
  switch (content.kind) {
    case "task":
      return taskReader(content.task as AnyTask);
    case "chain":
      return readerOf(content.steps.at(-1) as AnyNode);
    case "chord":
      return readerOf(content.body);
    case "group":
      return groupReader(content);
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

/** Members that were added later are read as the last of those that were there. */
function groupReader({ members }: Extract<GroupContent, { kind: "group" }>): ValueReader {
  if (!Array.isArray(members)) return listReader(() => plainReader);
  const readers = (members as readonly AnyNode[]).flatMap((member) => readersIn(member));
  return listReader((place) => readers[place] ?? readers.at(-1) ?? plainReader);
}

/** A group that is nothing but a member of a group may have dissolved in it; then there are more members than were written. */
const readersIn = (member: AnyNode): readonly ValueReader[] => [readerOf(member)];

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
