import { canvasReadsModule } from "./canvas-reads.ts";
import { canvasVerbsModule } from "./canvas-verbs.ts";
import { keptLogsModule } from "./kept-logs.ts";
import { limitsModule } from "./limits.ts";
import { queueVerbsModule } from "./queue-verbs.ts";
import { schedulesModule } from "./schedules.ts";
import { spaceVerbsModule } from "./space-verbs.ts";
import { upkeepModule } from "./upkeep.ts";

/** What operators and upkeep do, and what is kept beside tasks. */
export const operations: readonly (readonly [name: string, text: string])[] = [
  ["limits", limitsModule],
  ["queueVerbs", queueVerbsModule],
  ["upkeep", upkeepModule],
  ["keptLogs", keptLogsModule],
  ["spaceVerbs", spaceVerbsModule],
  ["canvasVerbs", canvasVerbsModule],
  ["canvasReads", canvasReadsModule],
  ["schedules", schedulesModule],
];
