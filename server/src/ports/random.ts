import type { Bytes, TaskId } from "../model/ids.ts";

/** Chance and identity, from outside, so that a simulation can repeat them. */
export interface Random {
  /** A number in [0, 1). */
  chance(): number;
  /** A new task id: UUIDv7. */
  taskId(): TaskId;
  /** `length` unguessable bytes. */
  bytes(length: number): Bytes;
}
