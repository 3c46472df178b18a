import { digestOf } from "../lib/digest.ts";
import { type Instant, type TaskId, type TaskRef, taskIdOf } from "./ids.ts";

/** What became of a dead letter that was replayed. */
export type Replay = { readonly taskId: TaskId; readonly at: Instant };

/** The id of the task that replays a dead letter: always the same, so that however often it is asked for, it runs again once. */
export const replayIdOf = ({ namespace, id }: TaskRef): TaskId =>
  taskIdOf(`replay-${digestOf(["replay of", namespace, id]).slice(0, 22)}`);
