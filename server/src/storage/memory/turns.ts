import { nextTurn } from "../../model/turn.ts";
import type { QueueEntry } from "./entry.ts";

/** The turn of a task that comes into a queue; tasks without a key are those of one that has no name. `undo` gives it back. */
export function turnOf(queue: QueueEntry, said: string | undefined, undo?: (() => void)[]): number {
  if (queue.turn === undefined && said === undefined) return 0;
  const key = said ?? "";
  const [now, before] = [queue.turn, queue.turns.get(key)];
  const { last = 0, weight = 1 } = before ?? {};
  const turn = nextTurn({ last, weight }, now ?? 0);
  queue.turn = now ?? 0;
  queue.turns.set(key, { last: turn, weight });
  undo?.push(() => {
    queue.turn = now;
    if (before === undefined) queue.turns.delete(key);
    else queue.turns.set(key, before);
  });
  return turn;
}
