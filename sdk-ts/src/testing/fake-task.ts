import type { TaskCall } from "../define-task.ts";
import { optionsOf } from "../enqueue-defaults.ts";
import { outgoingTask } from "../new-task.ts";
import type { FakeTask } from "./fake-handles.ts";
import { decodedArgs } from "./recorded-enqueue.ts";

/** A call as a fake client keeps it. Rejects with SchemaMismatchError, PayloadError, RangeError. */
export async function fakeTaskOf(call: TaskCall): Promise<FakeTask> {
  const { task } = call;
  const { id, message } = await outgoingTask(call);
  const options = { ...optionsOf(call), id };
  const record = { id, name: task.name, args: decodedArgs(task, message), options };
  // The writer's memory is shared with what is written next.
  return { record, task, message: Uint8Array.from(message), end: undefined };
}
