/** How many ready tasks of a queue have a priority; `isMore`: counting stopped there, and there may be more. */
export type PriorityDepth = { readonly priority: number; readonly ready: number; readonly isMore: boolean };

/** How many tasks of a queue are ready, and how many of each priority, highest first, as far as they were counted. */
export type PriorityCounts = { readonly ready: number; readonly counts: readonly PriorityDepth[] };

/** What is left of the whole belongs to the one priority that was not counted to its end; where there are several, nobody knows. */
export function priorityDepths({ ready, counts }: PriorityCounts): readonly PriorityDepth[] {
  if (counts.filter(({ isMore }) => isMore).length !== 1) return counts;
  const others = counts.reduce((sum, each) => sum + (each.isMore ? 0 : each.ready), 0);
  return counts.map((each) => (each.isMore ? { ...each, ready: ready - others, isMore: false } : each));
}
