import { fromBinary } from "@bufbuild/protobuf";
import { type Link, type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { TaskCall } from "../define-task.ts";
import { optionsOf } from "../enqueue-defaults.ts";
import { completeCallsIn, linksToProto } from "../links.ts";
import { check, encodeCall } from "../new-task.ts";
import type { EnqueueOptions, LinkCall } from "../task-options.ts";

/** How much messages come to, and how much they may. */
export type Tally = { tasks: number; bytes: number; readonly max?: TallyMax };
export type TallyMax = { readonly tasksMax: number; readonly bytesMax: number };

/** Whether they come to more than they may. */
export const isBeyond = ({ tasks, bytes, max }: Tally): boolean =>
  max !== undefined && (tasks > max.tasksMax || bytes > max.bytesMax);

/** A tally of nothing. */
export const noTally = (): Tally => ({ tasks: 0, bytes: 0 });

/** Tags and lengths around a task. */
const nodeBytes = 24;

/** A task as a message, counted in the tally. */
export const newTask = (call: TaskCall, tally: Tally): NewTask =>
  fromBinary(NewTaskSchema, encodedTask(call, tally));

/** The bytes of that message, a view of a buffer that others share; counted likewise. */
export function encodedTask(call: TaskCall, tally: Tally): Uint8Array {
  const bytes = encoded(call);
  tally.tasks += 1;
  tally.bytes += bytes.length + nodeBytes;
  return bytes;
}

/** Links as messages, counted in the tally. */
export const linkMessages = (links: readonly LinkCall[] | undefined, tally: Tally): Link[] =>
  linksToProto(links, (call) => {
    const bytes = encoded(call);
    tally.bytes += bytes.length + nodeBytes;
    return bytes;
  });

/** Checks the arguments of all links that have theirs; rejects with SchemaMismatchError. */
export async function checkLinks(options: EnqueueOptions): Promise<void> {
  for (const call of completeCallsIn(options)) await check(call);
}

const encoded = (call: TaskCall): Uint8Array => encodeCall(call, optionsOf(call));
