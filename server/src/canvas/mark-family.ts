import type { Bytes } from "../model/ids.ts";
import type { Lineage } from "../model/task.ts";

/** Marks the content of a task. */
export type Mark = (content: Bytes) => Bytes;

/** Makes what marks the contents of tasks with their family, so that their handlers are told. */
export type MarkFamily = (lineage: Lineage) => Mark;
