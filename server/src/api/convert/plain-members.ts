/**
 * The way of most large canvases: a chord or a group whose members are plain tasks. Those are read straight from the bytes, as in a batch
 * (plain-batch.ts), and never become messages; a test proves that both ways take the same canvases alike.
 */

import { create, fromBinary, type Message } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type CanvasNode, CanvasNodeSchema, type Chord, type Group } from "@stem/proto/stem/v1/canvas_pb";
import {
  type AddCanvasMembersRequest,
  AddCanvasMembersRequestSchema,
} from "@stem/proto/stem/v1/canvas_service_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { WireCursor } from "@stem/proto/wire/wire-cursor";
import type { Bulk } from "../../model/bulk.ts";
import type { Limits } from "../../model/limits.ts";
import { type PlainTask, readCheckedTask, readPlainTask } from "./plain-task.ts";
import { rootTag } from "./sent-root.ts";

/** The members of a request's tree, all of them plain, and the request without them. */
export type WithPlainMembers = { readonly members: PlainMembers; readonly rest: Buffer };

type Found = Pick<PlainMembers, "count" | "ids">;

/** Plain members of a chord or a group, which are read from the bytes when they are asked for, each time anew. */
export class PlainMembers implements Bulk<readonly PlainTask[]> {
  readonly count: number;
  /** The ids of those that have one of their own. */
  readonly ids: readonly string[];
  readonly #bytes: Buffer;

  /** Of bytes that were found to be so many plain members. */
  constructor({ count, ids }: Found, bytes: Buffer) {
    this.count = count;
    this.ids = ids;
    this.#bytes = bytes;
  }

  *slices(): Generator<readonly PlainTask[]> {
    const cursor = new WireCursor(this.#bytes);
    const end = this.#bytes.length;
    while (cursor.at < end) {
      const slice: PlainTask[] = [];
      while (cursor.at < end && slice.length < sliceMax) slice.push(readMember(cursor, end));
      yield slice;
    }
  }
}

/** So many are worth a message to whoever stores them. More of them would be there, and be copied, whenever the collector comes meanwhile. */
const sliceMax = 500;

const chordTag = 0x22;
const groupTag = 0x1a;
/** Of a chord's header, of a group's members, and of a node's task. */
const firstTag = 0x0a;
const ignoreInputTag = 0x40;
const addedTag = (AddCanvasMembersRequestSchema.field.members.number << 3) | WireType.LengthDelimited;
/** What a node is stands in fields below this one. */
const ownFields = 8;

/** Reads a request for a canvas; undefined where that is not such a chord or group, or has more members than may be. */
export const readPlainMembers = (bytes: Buffer, limits: Limits): WithPlainMembers | undefined =>
  unlessOtherwise(() => readRequest(new WireCursor(bytes), limits));

function readRequest(cursor: WireCursor, limits: Limits): WithPlainMembers | undefined {
  const { buffer } = cursor;
  while (cursor.at < buffer.length && buffer[cursor.at] !== rootTag) cursor.skipField();
  const rootAt = cursor.at;
  if (!cursor.takeTag(rootTag, buffer.length)) return undefined;
  const rootEnd = cursor.end();
  const tag = buffer[cursor.at] ?? 0;
  if (tag !== chordTag && tag !== groupTag) return undefined;
  cursor.at += 1;
  const end = cursor.end(rootEnd);
  const membersAt = cursor.at;
  const found = checkMembers(cursor, end, { tag: firstTag, limits });
  const moreAt = cursor.at;
  const isWhole =
    found !== undefined &&
    hasOnly(cursor, end, (field) => field > 1) &&
    hasOnly(cursor, rootEnd, (field) => field >= ownFields) &&
    hasOnly(cursor, buffer.length, (field) => field !== rootTag >> 3);
  if (found === undefined || !isWhole) return undefined;
  const gathering = new BinaryWriter()
    .tag(tag >> 3, WireType.LengthDelimited)
    .bytes(buffer.subarray(moreAt, end))
    .raw(buffer.subarray(end, rootEnd));
  const rest = new BinaryWriter()
    .raw(buffer.subarray(0, rootAt))
    .tag(rootTag >> 3, WireType.LengthDelimited)
    .bytes(gathering.finish())
    .raw(buffer.subarray(rootEnd));
  const members = new PlainMembers(found, buffer.subarray(membersAt, moreAt));
  return { members, rest: Buffer.from(rest.finish()) };
}

/** Reads a request for further members; undefined where these are not plain, not in one place, or more than may be. */
export function readPlainAddition(bytes: Buffer, limits: Limits): WithPlainMembers | undefined {
  return unlessOtherwise(() => {
    const cursor = new WireCursor(bytes);
    while (cursor.at < bytes.length && bytes[cursor.at] !== addedTag) cursor.skipField();
    const membersAt = cursor.at;
    const found = checkMembers(cursor, bytes.length, { tag: addedTag, limits });
    const moreAt = cursor.at;
    if (found === undefined || !hasOnly(cursor, bytes.length, (field) => field !== addedTag >> 3))
      return undefined;
    const rest = Buffer.concat([bytes.subarray(0, membersAt), bytes.subarray(moreAt)]);
    return { members: new PlainMembers(found, bytes.subarray(membersAt, moreAt)), rest };
  });
}

/** What is not as plain as that is read as any other. */
function unlessOtherwise<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Moves over the members up to the first other field; undefined where one is not plain, or there are none. */
function checkMembers(
  cursor: WireCursor,
  end: number,
  { tag, limits }: { readonly tag: number; readonly limits: Limits },
): Found | undefined {
  let count = 0;
  const ids: string[] = [];
  while (cursor.takeTag(tag, end)) {
    const nodeEnd = cursor.end(end);
    if (count === limits.canvasTasksMax || !cursor.takeTag(firstTag, nodeEnd)) return undefined;
    const task = readPlainTask(cursor, cursor.end(nodeEnd), limits);
    if (task === undefined) return undefined;
    // Nothing is before it that it could be handed.
    if (cursor.takeTag(ignoreInputTag, nodeEnd) && cursor.varint() > 1) return undefined;
    if (cursor.at !== nodeEnd) return undefined;
    if (task.id !== undefined) ids.push(task.id);
    count += 1;
  }
  return count > 0 ? { count, ids } : undefined;
}

/** Reads a member that was checked. */
function readMember(cursor: WireCursor, end: number): PlainTask {
  // Its tag, which is of one byte.
  cursor.at += 1;
  const nodeEnd = cursor.end(end);
  if (!cursor.takeTag(firstTag, nodeEnd)) throw new RangeError("a member is no task");
  const task = readCheckedTask(cursor, cursor.end(nodeEnd));
  cursor.at = nodeEnd;
  return task;
}

/** Moves over fields; false at one that may not be there. */
function hasOnly(cursor: WireCursor, end: number, mayBe: (field: number) => boolean): boolean {
  while (cursor.at < end) {
    const from = cursor.at;
    const field = cursor.varint() >> 3;
    if (!mayBe(field)) return false;
    cursor.at = from;
    cursor.skipField();
  }
  return cursor.at === end;
}

const plainMembers = new WeakMap<Message, PlainMembers>();

/** Gives the chord or group that a tree is its members in plain. */
export function setPlainMembers({ node }: CanvasNode, members: PlainMembers): void {
  if (node.case === "chord" || node.case === "group") plainMembers.set(node.value, members);
}

/** The header of a chord: plain tasks where it came with them, messages where not. */
export const headerOf = (chord: Chord): readonly CanvasNode[] | PlainMembers =>
  plainMembers.get(chord) ?? chord.header;

/** The members of a group, likewise. */
export const membersOf = (group: Group): readonly CanvasNode[] | PlainMembers =>
  plainMembers.get(group) ?? group.members;

const addedMembers = new WeakMap<Message, PlainMembers>();

/** Gives a request for further members these in plain. */
export function setAddedMembers(request: Message, members: PlainMembers): void {
  addedMembers.set(request, members);
}

/** What such a request adds, likewise. */
export const addedOf = (request: AddCanvasMembersRequest): readonly CanvasNode[] | PlainMembers =>
  addedMembers.get(request) ?? request.members;

/** The message that a plain task would have been. */
export const nodeOf = ({ id, content }: PlainTask): CanvasNode =>
  create(CanvasNodeSchema, {
    node: { case: "task", value: { ...fromBinary(NewTaskSchema, content), id } },
  });
