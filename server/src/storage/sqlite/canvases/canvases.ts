import type { KeptMember } from "../../../model/barrier.ts";
import type { Namespace } from "../../../model/ids.ts";
import { states } from "../../sql/codes.ts";
import { command, type Database } from "../files/connection.ts";
import type { QueueRegistry } from "../queue-registry.ts";
import { type Barriers, createBarriers } from "./barriers.ts";
import { createParts, type Parts } from "./parts.ts";
import { createPlaces, type Places } from "./places.ts";

/** Canvases, as the running transaction has them. */
export type Canvases = {
  readonly barriers: Barriers;
  readonly parts: Parts;
  readonly places: Places;
  /** Keeps a member that has ended. False: its index was there, or there is no such barrier. */
  keepMember(namespace: Namespace, member: KeptMember): boolean;
};

/** Opens the tables. */
export function createCanvases(db: Database, queues: QueueRegistry): Canvases {
  const barriers = createBarriers(db, queues);
  const insert = command(
    db,
    "INSERT OR IGNORE INTO members (barrier, place, state, is_barrier, source) VALUES (?, ?, ?, ?, ?)",
  );
  return {
    barriers,
    parts: createParts(db),
    places: createPlaces(db, barriers),
    keepMember(namespace, { barrier, index, state, source: { kind, id } }) {
      const above = barriers.at({ namespace, id: barrier });
      if (above === undefined) return false;
      return insert(above.seq, index, states.code(state), kind === "barrier" ? 1 : 0, id) === 1;
    },
  };
}
