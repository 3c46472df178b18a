import { initial } from "./0001-initial.ts";
import { definitions } from "./0002-definitions.ts";
import { locks } from "./0003-locks.ts";
import { deadLetters } from "./0004-dead-letters.ts";
import { uniqueClaims } from "./0005-unique-claims.ts";
import { cancelsAndPauses } from "./0006-cancels-and-pauses.ts";
import { gates } from "./0007-gates.ts";
import { checkpoints } from "./0008-checkpoints.ts";
import { deadlines } from "./0009-deadlines.ts";
import { lineage } from "./0010-lineage.ts";
import { shelves } from "./0011-shelves.ts";
import { queuesAndNamespaces } from "./0012-queues-and-namespaces.ts";
import { keptLogs } from "./0013-kept-logs.ts";
import { links } from "./0014-links.ts";
import { gatePauses } from "./0015-gate-pauses.ts";
import { canvases } from "./0016-canvases.ts";
import type { Migration } from "./migration.ts";

/** All steps, in order, numbered from 1. */
export const migrations: readonly Migration[] = [
  initial,
  definitions,
  locks,
  deadLetters,
  uniqueClaims,
  cancelsAndPauses,
  gates,
  checkpoints,
  deadlines,
  lineage,
  shelves,
  queuesAndNamespaces,
  keptLogs,
  links,
  gatePauses,
  canvases,
];
