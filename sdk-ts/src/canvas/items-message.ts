import { create } from "@bufbuild/protobuf";
import {
  ChunksSchema,
  type Gathering,
  MapSchema,
  type CanvasNode as ProtoNode,
  StarmapSchema,
} from "@stem/proto/stem/v1/canvas_pb";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import { jsonCodec } from "../codec/json.ts";
import { payloadToProto } from "../codec/payload.ts";
import { callOf } from "../links.ts";
import { check } from "../new-task.ts";
import { mergeOptions, type TaskOptions } from "../task-options.ts";
import { memberNodes } from "./member-nodes.ts";
import type { AnySignature, GroupContent } from "./node.ts";
import { newTask, type Tally } from "./task-message.ts";

type OfItems = Extract<GroupContent, { readonly items: unknown }>;
type Encoding = { readonly inherited: TaskOptions; readonly tally: Tally; readonly gathering: Gathering };

/**
 * A group that is made of items in few bytes: its task once, and the items. Undefined where the server could not put them together, so that
 * each member has to be written out: items that come one after the other, arguments that are named or no JSON.
 */
export async function itemsMessage(
  content: GroupContent,
  encoding: Encoding,
): Promise<ProtoNode["node"] | undefined> {
  if (content.kind === "group" || !isShort(content)) return undefined;
  const { inherited, tally, gathering } = encoding;
  const { each, kind } = content;
  const { link, linkError, ...options } = each.options;
  if (link !== undefined || linkError !== undefined) return undefined;
  const call = callOf({ ...plain(each), options: mergeOptions(inherited, options) });
  const before = { ...tally };
  const task = newTask(call, tally);
  const items = jsonItems(content.items, tally);
  if (items === undefined || !isAppendable(task.args)) {
    Object.assign(tally, before);
    return undefined;
  }
  if (call.task.argsSchema) await checkAll(content);
  tally.tasks += Math.ceil(items.length / content.size) - 1;
  const value = { task, items, gathering };
  if (kind === "map") return { case: "map", value: create(MapSchema, value) };
  if (kind === "starmap") return { case: "starmap", value: create(StarmapSchema, value) };
  return { case: "chunks", value: create(ChunksSchema, { ...value, size: content.size }) };
}

const plain = ({ task, args }: AnySignature) => ({ task, args });

/** Whether a group's items are all there, and not too many for one call. */
const isShort = (content: OfItems): content is OfItems & { readonly items: readonly unknown[] } =>
  Array.isArray(content.items) && content.items.length <= itemsMax;

/** What the server takes in one call. */
const itemsMax = 10_000;

function jsonItems(items: readonly unknown[], tally: Tally): Payload[] | undefined {
  const payloads: Payload[] = [];
  for (const item of items) {
    const payload = payloadToProto(jsonCodec.encode(item ?? null));
    if (payload?.data.case !== "json") return undefined;
    tally.bytes += Buffer.byteLength(payload.data.value) + itemBytes;
    payloads.push(payload);
  }
  return payloads;
}

/** Tags and lengths around an item. */
const itemBytes = 12;

/** The mark of payloads that says nothing of how the text is to be read. */
const versionMark = "version";

/** Whether something can be put behind arguments. */
const isAppendable = (args: Payload | undefined): boolean =>
  args === undefined ||
  (args.data.case === "json" &&
    args.data.value.startsWith("[") &&
    Object.keys(args.encoding).every((mark) => mark === versionMark));

async function checkAll(content: OfItems): Promise<void> {
  for await (const member of memberNodes(content)) {
    const { content: made } = member;
    if (made.kind === "task") await check(callOf({ ...made, options: undefined }));
  }
}
