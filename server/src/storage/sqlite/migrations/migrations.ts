import { deadlines } from "./0009-deadlines.ts";
import { lineage } from "./0010-lineage.ts";
import { shelves } from "./0011-shelves.ts";
import { queuesAndNamespaces } from "./0012-queues-and-namespaces.ts";
import { keptLogs } from "./0013-kept-logs.ts";
import { links } from "./0014-links.ts";
import { gatePauses } from "./0015-gate-pauses.ts";
import { canvases } from "./0016-canvases.ts";
import { schedules } from "./0017-schedules.ts";
import { placesTogether } from "./0018-places-together.ts";
import { firstMigrations } from "./first-migrations.ts";
import type { Migration } from "./migration.ts";

/** All steps, in order, numbered from 1. */
export const migrations: readonly Migration[] = [
  ...firstMigrations,
  deadlines,
  lineage,
  shelves,
  queuesAndNamespaces,
  keptLogs,
  links,
  gatePauses,
  canvases,
  schedules,
  placesTogether,
];
