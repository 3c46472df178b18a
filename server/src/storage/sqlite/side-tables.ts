import { type AttemptCheckpoints, createAttemptCheckpoints } from "./attempt-checkpoints.ts";
import { type Canvases, createCanvases } from "./canvases/canvases.ts";
import { type Continuations, createContinuations } from "./continuations.ts";
import { createDeadlines, type Deadlines } from "./deadlines.ts";
import type { Database } from "./files/connection.ts";
import { createLinks, type Links } from "./links.ts";
import type { QueueRegistry } from "./queue-registry.ts";
import { createScheduleCounts, type ScheduleCounts } from "./schedules/counts.ts";
import { createShelves, type Shelves } from "./shelves.ts";

/** What few tasks have, in tables of their own. */
export type SideTables = {
  readonly checkpoints: AttemptCheckpoints;
  readonly deadlines: Deadlines;
  readonly shelves: Shelves;
  readonly links: Links;
  readonly canvases: Canvases;
  readonly continuations: Continuations;
  readonly schedules: ScheduleCounts;
};

/** Opens them. */
export function createSideTables(db: Database, queues: QueueRegistry): SideTables {
  const canvases = createCanvases(db, queues);
  return {
    checkpoints: createAttemptCheckpoints(db),
    deadlines: createDeadlines(db),
    shelves: createShelves(db),
    links: createLinks(db),
    canvases,
    continuations: createContinuations(db, canvases),
    schedules: createScheduleCounts(db),
  };
}
