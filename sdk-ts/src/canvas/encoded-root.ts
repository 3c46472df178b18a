import { toBinary, type UnknownField } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { CanvasNodeSchema, ChordSchema, GroupSchema } from "@stem/proto/stem/v1/canvas_pb";
import { SubmitCanvasRequestSchema } from "@stem/proto/stem/v1/canvas_service_pb";
import { ProtoWriter } from "@stem/proto/wire/proto-writer";
import { WireCursor } from "@stem/proto/wire/wire-cursor";
import { callOf } from "../links.ts";
import { check } from "../new-task.ts";
import type { TaskOptions } from "../task-options.ts";
import type { AnyNode, AnySignature } from "./node.ts";
import { encodeNode, inheritedFrom } from "./node-message.ts";
import { encodedTask, isBeyond, type Tally } from "./task-message.ts";

const { LengthDelimited, Varint } = WireType;
const taskField = CanvasNodeSchema.field.task.number;
const ignoreInputField = CanvasNodeSchema.field.ignoreInput.number;
// Both first, and both alike.
const membersField = GroupSchema.field.members.number;
if (membersField !== ChordSchema.field.header.number)
  throw new Error("members and header have different numbers");

// One for the process: a root is written in one go.
const writer = new ProtoWriter();

/**
 * The root of a canvas that is a group, or a chord with one, whose members are single tasks, as a field of a request: a message for each
 * member would cost several times what its bytes do. They come first in it, so that a server can read them one by one. Undefined: it is
 * something else, or more than the tally takes. Rejects with SchemaMismatchError, PayloadError, RangeError.
 */
export async function encodedRoot(root: AnyNode, tally: Tally): Promise<UnknownField | undefined> {
  const tasks = tasksOf(root);
  if (tasks === undefined) return undefined;
  const rest = await encodeNode(withoutMembers(root), { inherited: {}, tally });
  if (rest.node.case !== "group" && rest.node.case !== "chord") return undefined;
  const members = await encodeAll(tasks, inheritedBy(root), tally);
  return (
    members && {
      no: rootField,
      wireType: LengthDelimited,
      data: put(members, toBinary(CanvasNodeSchema, rest)),
    }
  );
}

const rootField = SubmitCanvasRequestSchema.field.root.number;

const groupOf = ({ content }: AnyNode): AnyNode["content"] =>
  content.kind === "chord" ? content.header.content : content;

/** The members, if all of them are tasks with nothing to be said of their nodes. */
function tasksOf(root: AnyNode): readonly AnySignature[] | undefined {
  const content = groupOf(root);
  if (content.kind !== "group" || !Array.isArray(content.members)) return undefined;
  const members: readonly AnyNode[] = content.members;
  const areTasks = members.every(
    ({ content: { kind }, said: { input, options } }) =>
      kind === "task" &&
      input?.as === undefined &&
      options.link === undefined &&
      options.linkError === undefined,
  );
  return areTasks && members.length > 0 ? (members as readonly AnySignature[]) : undefined;
}

function withoutMembers(root: AnyNode): AnyNode {
  const { content } = root;
  if (content.kind === "group") return root.saying({}, { ...content, members: [] });
  if (content.kind !== "chord" || content.header.content.kind !== "group") return root;
  const header = content.header.saying({}, { ...content.header.content, members: [] });
  return root.saying({}, { ...content, header });
}

const inheritedBy = (root: AnyNode): TaskOptions => {
  const own = inheritedFrom(root, {});
  return root.content.kind === "chord" ? inheritedFrom(root.content.header, own) : own;
};

/** Each with its task's bytes; a view of a buffer that others share. Undefined: they are more than the tally takes. */
async function encodeAll(
  nodes: readonly AnySignature[],
  inherited: TaskOptions,
  tally: Tally,
): Promise<Uint8Array | undefined> {
  const tasks: { readonly bytes: Uint8Array; readonly ignoresInput: boolean }[] = [];
  for (const node of nodes) {
    const { task, args } = node.content;
    const call = callOf({ task, args, options: inheritedFrom(node, inherited) });
    const ignoresInput = node.said.input === undefined;
    // What is handed something has all its arguments only then.
    const checked = ignoresInput ? check(call) : undefined;
    if (checked instanceof Promise) await checked;
    tasks.push({ bytes: encodedTask(call, tally), ignoresInput });
    if (isBeyond(tally)) return undefined;
  }
  writer.discard();
  for (const { bytes, ignoresInput } of tasks) {
    writer.tag(membersField, LengthDelimited).fork();
    writer.tag(taskField, LengthDelimited).bytes(bytes);
    if (ignoresInput) writer.tag(ignoreInputField, Varint).uint32(1);
    writer.join();
  }
  return writer.finish();
}

/** A node's bytes with members in front of whatever is in the group or chord that it begins with. Its length comes first. */
function put(members: Uint8Array, node: Uint8Array): Uint8Array {
  const cursor = new WireCursor(node);
  const tag = cursor.varint();
  const end = cursor.end();
  writer.discard();
  writer.fork().uint32(tag).fork().raw(members).raw(node.subarray(cursor.at, end)).join();
  writer.raw(node.subarray(end)).join();
  return writer.finish();
}
