import type { Database } from "../files/connection.ts";
import type { QueueRegistry } from "../queue-registry.ts";
import { type Barriers, createBarriers } from "./barriers.ts";
import { createKeepMembers, createKeepSucceeded, type KeepMembers, type KeepSucceeded } from "./members.ts";
import { createParts, type Parts } from "./parts.ts";
import { createPlaces, type Places } from "./places.ts";

/** Canvases, as the running transaction has them. */
export type Canvases = {
  readonly barriers: Barriers;
  readonly parts: Parts;
  readonly places: Places;
  readonly keepMembers: KeepMembers;
  readonly keepSucceeded: KeepSucceeded;
};

/** Opens the tables. */
export function createCanvases(db: Database, queues: QueueRegistry): Canvases {
  const barriers = createBarriers(db, queues);
  return {
    barriers,
    parts: createParts(db),
    places: createPlaces(db, barriers),
    keepMembers: createKeepMembers(db),
    keepSucceeded: createKeepSucceeded(db),
  };
}
