import type { Message } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import type { NewTask } from "@stem/proto/stem/v1/task_pb";
import { WireCursor } from "@stem/proto/wire/wire-cursor";
import type { Limits } from "../../model/limits.ts";
import { type PlainTask, readPlainTask } from "./plain-task.ts";

/** A request's tasks, all of them plain, and the bytes of everything else in it. */
export type PlainBatch = { readonly tasks: readonly PlainTask[]; readonly rest: Buffer };

/** Reads a request whose field `number` is a list of tasks; undefined where a task is not plain, or there are more than may be. */
export function readPlainBatch(bytes: Buffer, number: number, limits: Limits): PlainBatch | undefined {
  try {
    return readBatch(new WireCursor(bytes), (number << 3) | WireType.LengthDelimited, limits);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readBatch(cursor: WireCursor, tasksTag: number, limits: Limits): PlainBatch | undefined {
  const end = cursor.buffer.length;
  const tasks: PlainTask[] = [];
  const others: Uint8Array[] = [];
  while (cursor.at < end) {
    const from = cursor.at;
    if (cursor.takeTag(tasksTag, end)) {
      const task = tasks.length < limits.batchTasksMax && readPlainTask(cursor, cursor.end(), limits);
      if (!task) return undefined;
      tasks.push(task);
    } else {
      cursor.skipField();
      others.push(cursor.view(from, cursor.at));
    }
  }
  return tasks.length > 0 ? { tasks, rest: Buffer.concat(others) } : undefined;
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
