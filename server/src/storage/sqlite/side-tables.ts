import { type AttemptCheckpoints, createAttemptCheckpoints } from "./attempt-checkpoints.ts";
import { type Continuations, createContinuations } from "./continuations.ts";
import { createDeadlines, type Deadlines } from "./deadlines.ts";
import type { Database } from "./files/connection.ts";
import { createLinks, type Links } from "./links.ts";
import { createShelves, type Shelves } from "./shelves.ts";

/** What few tasks have, in tables of their own. */
export type SideTables = {
  readonly checkpoints: AttemptCheckpoints;
  readonly deadlines: Deadlines;
  readonly shelves: Shelves;
  readonly links: Links;
  readonly continuations: Continuations;
};

/** Opens them. */
export function createSideTables(db: Database): SideTables {
  const links = createLinks(db);
  return {
    checkpoints: createAttemptCheckpoints(db),
    deadlines: createDeadlines(db),
    shelves: createShelves(db),
    links,
    continuations: createContinuations(db, links),
  };
}
