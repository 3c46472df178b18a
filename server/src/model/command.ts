import type { Bytes, QueueName, TaskId } from "./ids.ts";
import type { CancelMessage } from "./task.ts";

/** What an operator wants of workers. `content` is all of it, encoded, as workers get it. */
export type Command = {
  readonly content: Bytes;
  /** The tasks to cancel before workers hear of it. */
  readonly revokes: ({ readonly taskIds: readonly TaskId[] } & CancelMessage) | undefined;
};

/** What became of a command at one worker. Replies and errors are encoded and opaque here. */
export type CommandOutcome =
  /** `paused`: the queues that are paused now, where it was about that. */
  | { readonly kind: "done"; readonly reply: Bytes; readonly paused: readonly QueueName[] | undefined }
  | { readonly kind: "failed"; readonly error: Bytes }
  | { readonly kind: "unsupported" | "timed_out" | "disconnected" | "busy" };

/** What a worker announces that answers commands. */
export const controlCapability = "control";
