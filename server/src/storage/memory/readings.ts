import type { TaskStore } from "../../ports/task-store.ts";
import { dueTasks, expiredLeases } from "./due.ts";
import { list } from "./list.ts";
import { read, readHeads } from "./read.ts";
import type { State } from "./state.ts";

type Readings = Pick<TaskStore, "read" | "readHeads" | "list" | "dueTasks" | "expiredLeases">;

/** What is read of tasks. */
export const createReadings = (state: State, call: <T>(verb: () => T) => Promise<T>): Readings => ({
  read: (refs) => call(() => read(state, refs)),
  readHeads: (refs) => call(() => readHeads(state, refs)),
  list: (query) => call(() => list(state, query)),
  dueTasks: (now, limit) => call(() => dueTasks(state, now, limit)),
  expiredLeases: (now, limit) => call(() => expiredLeases(state, now, limit)),
});
