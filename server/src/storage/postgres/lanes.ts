/**
 * The two ways in for what writes. Claims go by a connection of their own, so that one is under way while settlements are written and
 * synced, and the other way round. What a claim has to see, and whatever else is not passed by claims, is done as if there were one way:
 * a claim that is asked for later goes behind it, and it waits for claims that were asked for earlier.
 */

import { type AfterVerb, createLane, type Lane } from "./lane.ts";
import type { Tenant } from "./tenant.ts";
import type { Work } from "./work.ts";

/** A lane, and what claims go by. */
export type Lanes = Lane & {
  /** Runs a claim: it need not be on the disk when it is answered. */
  claim<A>(run: (work: Work) => Promise<A>): Promise<A>;
};

export type LanesParts = {
  readonly tenant: Tenant;
  /** Of the connection for claims. */
  readonly claiming: Tenant;
  readonly afterVerb: AfterVerb;
};

/** Makes both. */
export function createLanes({ tenant, claiming, afterVerb }: LanesParts): Lanes {
  const claims = createLane({ tenant: claiming, afterVerb });
  const lane = createLane({ tenant, afterVerb, untilFree: claims.idle });
  return {
    ...lane,
    claim: (run) => (lane.isInFront() ? lane : claims).call({ isDurable: false }, run),
    async close() {
      await Promise.all([lane.close(), claims.close()]);
    },
  };
}
