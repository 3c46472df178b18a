/**
 * The way of most large canvases: a chord or a group whose members are plain tasks. Those are read straight from the bytes, as in a batch
 * (plain-batch.ts), and never become messages; a test proves that both ways take the same canvases alike.
 */

import { create, fromBinary, type Message } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type CanvasNode, CanvasNodeSchema, type Chord, type Group } from "@stem/proto/stem/v1/canvas_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { WireCursor } from "@stem/proto/wire/wire-cursor";
import type { Limits } from "../../model/limits.ts";
import { type PlainTask, readPlainTask } from "./plain-task.ts";
import { rootTag } from "./sent-root.ts";

/** The members of a request's tree, all of them plain, and the request without them. */
export type PlainMembers = { readonly tasks: readonly PlainTask[]; readonly rest: Buffer };

const chordTag = 0x22;
const groupTag = 0x1a;
/** Of a chord's header, of a group's members, and of a node's task. */
const firstTag = 0x0a;
const ignoreInputTag = 0x40;
/** What a node is stands in fields below this one. */
const ownFields = 8;

/** Reads a request for a canvas; undefined where that is not such a chord or group, or has more members than may be. */
export function readPlainMembers(bytes: Buffer, limits: Limits): PlainMembers | undefined {
  try {
    return readRequest(new WireCursor(bytes), limits);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readRequest(cursor: WireCursor, limits: Limits): PlainMembers | undefined {
  const { buffer } = cursor;
  while (cursor.at < buffer.length && buffer[cursor.at] !== rootTag) cursor.skipField();
  const rootAt = cursor.at;
  if (!cursor.takeTag(rootTag, buffer.length)) return undefined;
  const rootEnd = cursor.end();
  const tag = buffer[cursor.at] ?? 0;
  if (tag !== chordTag && tag !== groupTag) return undefined;
  cursor.at += 1;
  const end = cursor.end(rootEnd);
  const tasks = readMembers(cursor, end, limits);
  const moreAt = cursor.at;
  const isWhole =
    tasks !== undefined &&
    hasOnly(cursor, end, (field) => field > 1) &&
    hasOnly(cursor, rootEnd, (field) => field >= ownFields) &&
    hasOnly(cursor, buffer.length, (field) => field !== rootTag >> 3);
  if (!isWhole) return undefined;
  const gathering = new BinaryWriter()
    .tag(tag >> 3, WireType.LengthDelimited)
    .bytes(buffer.subarray(moreAt, end))
    .raw(buffer.subarray(end, rootEnd));
  const rest = new BinaryWriter()
    .raw(buffer.subarray(0, rootAt))
    .tag(rootTag >> 3, WireType.LengthDelimited)
    .bytes(gathering.finish())
    .raw(buffer.subarray(rootEnd));
  return { tasks, rest: Buffer.from(rest.finish()) };
}

/** The members up to the first other field; undefined where one is not plain, or there are none. */
function readMembers(cursor: WireCursor, end: number, limits: Limits): readonly PlainTask[] | undefined {
  const tasks: PlainTask[] = [];
  while (cursor.takeTag(firstTag, end)) {
    const nodeEnd = cursor.end(end);
    if (tasks.length === limits.canvasTasksMax || !cursor.takeTag(firstTag, nodeEnd)) return undefined;
    const task = readPlainTask(cursor, cursor.end(nodeEnd), limits);
    if (task === undefined) return undefined;
    // Nothing is before it that it could be handed.
    if (cursor.takeTag(ignoreInputTag, nodeEnd) && cursor.varint() > 1) return undefined;
    if (cursor.at !== nodeEnd) return undefined;
    tasks.push(task);
  }
  return tasks.length > 0 ? tasks : undefined;
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

const plainMembers = new WeakMap<Message, readonly PlainTask[]>();

/** Gives the chord or group that a tree is its members in plain. */
export function setPlainMembers({ node }: CanvasNode, tasks: readonly PlainTask[]): void {
  if (node.case === "chord" || node.case === "group") plainMembers.set(node.value, tasks);
}

/** The header of a chord: plain tasks where it came with them, messages where not. */
export const headerOf = (chord: Chord): readonly (CanvasNode | PlainTask)[] =>
  plainMembers.get(chord) ?? chord.header;

/** The members of a group, likewise. */
export const membersOf = (group: Group): readonly (CanvasNode | PlainTask)[] =>
  plainMembers.get(group) ?? group.members;

/** The message that a plain task would have been. */
export const nodeOf = ({ id, content }: PlainTask): CanvasNode =>
  create(CanvasNodeSchema, {
    node: { case: "task", value: { ...fromBinary(NewTaskSchema, content), id } },
  });
