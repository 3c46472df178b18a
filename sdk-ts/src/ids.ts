import { uuidv7 } from "uuidv7";

/** A new task id: a UUIDv7, rising within the process. Made by the producer, so that every repeat of a call names the same task. */
export const newTaskId = (): string => uuidv7();
