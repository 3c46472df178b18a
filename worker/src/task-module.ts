import type { Implementation } from "./registry.ts";

/** Tasks that belong together, under a name for people: what a package of handlers hands out. Modules may hold modules. */
export type TaskModule = { readonly name: string; readonly tasks: readonly (Implementation | TaskModule)[] };

/** Bundles tasks: `createWorker({ tasks: [taskModule("mail", [implement(send, …)]), implement(add, …)] })`. */
export const taskModule = (name: string, tasks: TaskModule["tasks"]): TaskModule => ({ name, tasks });

/** All implementations of a worker's list, once each, in order: the same one may come in by several modules. */
export const implementationsOf = (tasks: TaskModule["tasks"]): readonly Implementation[] => [
  ...new Set(tasks.flatMap((task) => ("task" in task ? task : implementationsOf(task.tasks)))),
];

/** The queues that the tasks of a worker go to by their definitions; "default" for those that name none. */
export function queuesOf(implementations: readonly Implementation[]): readonly string[] {
  const queues = new Set(implementations.map(({ task }) => task.facts.options.queue ?? "default"));
  return queues.size > 0 ? [...queues] : ["default"];
}
