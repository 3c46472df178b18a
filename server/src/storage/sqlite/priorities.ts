import { stateCode } from "../sql/codes.ts";
import { type Database, query } from "./files/connection.ts";

/** Makes a look at which priorities the ready tasks of a queue that are not tied have, highest first: one step into the index for each. */
export function createPriorities(db: Database): (queue: number) => number[] {
  const next = query<[number]>(
    db,
    `SELECT priority FROM tasks INDEXED BY tasks_ready
     WHERE queue = ? AND state = ${stateCode.ready} AND tied IS NULL AND priority < ? ORDER BY priority DESC LIMIT 1`,
  );
  return (queue) => {
    const found: number[] = [];
    let below = Number.MAX_SAFE_INTEGER;
    for (let row = next.get(queue, below); row !== undefined; row = next.get(queue, below)) {
      [below] = row;
      found.push(below);
    }
    return found;
  };
}
