/**
 * The way of most tasks: a NewTask with nothing in it but id, name, JSON arguments and queue, written in the order of its fields, is
 * read and checked straight from its bytes, and kept as those. Whatever is not as plain as that, or not right, goes the general way,
 * which says what is wrong with it; a fuzz test proves that both ways take the same tasks alike.
 */

import type { WireCursor } from "@stem/proto/wire/wire-cursor";
import type { Bytes, QueueName, TaskId, TaskName } from "../../model/ids.ts";
import { queueNameOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { jsonFault } from "./json-text.ts";
import { isName, isQueueName } from "./new-task-rules.ts";

/** A task that breaks no rule. */
export class PlainTask {
  readonly id: TaskId | undefined;
  readonly name: TaskName;
  readonly queue: QueueName | undefined;
  readonly #within: WireCursor["buffer"];
  readonly #from: number;
  readonly #to: number;

  constructor(said: Pick<PlainTask, "id" | "name" | "queue">, { within, from, to }: Range) {
    this.id = said.id;
    this.name = said.name;
    this.queue = said.queue;
    this.#within = within;
    this.#from = from;
    this.#to = to;
  }

  /** Its message without the id: a view of the request's bytes, made when it is asked for. Many are only checked. */
  get content(): Bytes {
    const { buffer, byteOffset } = this.#within;
    return new Uint8Array(buffer, byteOffset + this.#from, this.#to - this.#from);
  }
}

type Range = { readonly within: WireCursor["buffer"]; readonly from: number; readonly to: number };

const idTag = 0x0a;
const nameTag = 0x12;
const argsTag = 0x1a;
const queueTag = 0x22;
const jsonTag = 0x0a;

/** Reads the plain task that ends at `end`; undefined or a RangeError where there is none. */
export function readPlainTask(cursor: WireCursor, end: number, limits: Limits): PlainTask | undefined {
  const id = cursor.takeTag(idTag, end) ? cursor.text(end, "latin1") : undefined;
  if (id !== undefined && !isName(id, limits.taskIdCharsMax)) return undefined;
  const contentAt = cursor.at;
  const name = cursor.takeTag(nameTag, end) ? cursor.text(end, "latin1") : undefined;
  if (name === undefined || !isName(name, limits.nameCharsMax)) return undefined;
  if (cursor.takeTag(argsTag, end) && !skipJsonPayload(cursor, end, limits)) return undefined;
  const queue = cursor.takeTag(queueTag, end) ? cursor.text(end, "latin1") : undefined;
  if (queue !== undefined && !isQueueName(queue, limits)) return undefined;
  if (cursor.at !== end) return undefined;
  return plainTask(cursor, { id, name, queue }, contentAt, end);
}

/** Reads a plain task once more: nothing of it is checked again. */
export function readCheckedTask(cursor: WireCursor, end: number): PlainTask {
  const id = cursor.takeTag(idTag, end) ? cursor.text(end, "latin1") : undefined;
  const contentAt = cursor.at;
  if (!cursor.takeTag(nameTag, end)) throw new RangeError("a task has no name");
  const name = cursor.text(end, "latin1");
  if (cursor.takeTag(argsTag, end)) cursor.at = cursor.end(end);
  const queue = cursor.takeTag(queueTag, end) ? cursor.text(end, "latin1") : undefined;
  cursor.at = end;
  return plainTask(cursor, { id, name, queue }, contentAt, end);
}

type Said = { readonly id: string | undefined; readonly name: string; readonly queue: string | undefined };

const plainTask = ({ buffer }: WireCursor, { id, name, queue }: Said, from: number, to: number): PlainTask =>
  new PlainTask(
    {
      id: id === undefined ? undefined : taskIdOf(id),
      name: taskNameOf(name),
      queue: queue === undefined ? undefined : queueNameOf(queue),
    },
    { within: buffer, from, to },
  );

/** Moves over a payload that is JSON and nothing else; false where it is not. */
function skipJsonPayload(cursor: WireCursor, taskEnd: number, limits: Limits): boolean {
  const end = cursor.end(taskEnd);
  if (!cursor.takeTag(jsonTag, end)) return false;
  if (cursor.end(end) !== end || end - cursor.at > limits.payloadBytesMax) return false;
  const text = cursor.buffer.toString("latin1", cursor.at, end);
  // Where every byte is one character of a text, what is beyond ASCII can only be JSON inside its strings.
  if (jsonFault(text, limits.jsonDepthMax) !== undefined || !cursor.isUtf8To(end)) return false;
  cursor.at = end;
  return true;
}
