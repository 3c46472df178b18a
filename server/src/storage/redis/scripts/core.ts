import { acceptModule } from "./accept.ts";
import { barriersModule } from "./barriers.ts";
import { changesModule } from "./changes.ts";
import { claimsModule } from "./claims.ts";
import { endsModule } from "./ends.ts";
import { gatekeeperModule } from "./gatekeeper.ts";
import { gatesModule } from "./gates.ts";
import { linkedIdsModule } from "./linked-ids.ts";
import { queuesModule } from "./queues.ts";
import { rowsModule } from "./rows.ts";
import { spaceModule } from "./space.ts";
import { tasksModule } from "./tasks.ts";

/** What every script of a namespace has: what is kept there, and what becomes of it. */
export const core: readonly (readonly [name: string, text: string])[] = [
  ["space", spaceModule],
  ["queues", queuesModule],
  ["rows", rowsModule],
  ["tasks", tasksModule],
  ["gates", gatesModule],
  ["gatekeeper", gatekeeperModule],
  ["changes", changesModule],
  ["claims", claimsModule],
  ["accept", acceptModule],
  ["ends", endsModule],
  ["barriers", barriersModule],
  ["linked-ids", linkedIdsModule],
];
