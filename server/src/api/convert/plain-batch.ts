import type { Message } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import type { NewTask } from "@stem/proto/stem/v1/task_pb";
import type { Limits } from "../../model/limits.ts";
import { type PlainTask, readPlainTask } from "./plain-task.ts";
import { WireCursor } from "./wire-cursor.ts";

/** A request's tasks, all of them plain, and the bytes of everything else in it. */
export type PlainBatch = { readonly tasks: readonly PlainTask[]; readonly rest: Buffer };

/** Reads a request whose field `number` is a list of tasks; undefined where a task is not plain, or there are more than may be. */
export function readPlainBatch(bytes: Buffer, number: number, limits: Limits): PlainBatch | undefined {
  const tasksTag = (number << 3) | WireType.LengthDelimited;
  const cursor = new WireCursor(bytes);
  const tasks: PlainTask[] = [];
  const others: Uint8Array[] = [];
  while (cursor.at < bytes.length) {
    const from = cursor.at;
    if (cursor.takeTag(tasksTag, bytes.length)) {
      const task = tasks.length < limits.batchTasksMax ? readTask(cursor, limits) : undefined;
      if (task === undefined) return undefined;
      tasks.push(task);
    } else {
      if (!cursor.skipField()) return undefined;
      others.push(bytes.subarray(from, cursor.at));
    }
  }
  return tasks.length > 0 ? { tasks, rest: Buffer.concat(others) } : undefined;
}

function readTask(cursor: WireCursor, limits: Limits): PlainTask | undefined {
  const length = cursor.takeLength(cursor.bytes.length);
  return length < 0 ? undefined : readPlainTask(cursor, length, limits);
}

const plainTasks = new WeakMap<Message, readonly PlainTask[]>();

/** Gives a request its tasks in plain. */
export function setPlainTasks(request: Message, tasks: readonly PlainTask[]): void {
  plainTasks.set(request, tasks);
}

/** The tasks of a request: plain ones where it came with them, messages where not. */
export const tasksOf = (
  request: Message & { readonly tasks: readonly NewTask[] },
): readonly (NewTask | PlainTask)[] => plainTasks.get(request) ?? request.tasks;
