import type { TaskTies } from "../../model/gate.ts";

/** What ties a task, as the text in which it is kept. */
export const textOfTies = (ties: TaskTies | undefined): string | null =>
  ties === undefined ? null : JSON.stringify(ties);

/** What ties a task, from its text. */
export function tiesOfText(text: string | null | undefined): TaskTies | undefined {
  if (text === null || text === undefined) return undefined;
  return { ...none, ...(JSON.parse(text) as Partial<TaskTies>) };
}

const none: TaskTies = {
  limitKey: undefined,
  orderingKey: undefined,
  fairnessKey: undefined,
  labels: undefined,
};
