import { initial } from "./0001-initial.ts";
import { definitions } from "./0002-definitions.ts";
import { locks } from "./0003-locks.ts";
import { deadLetters } from "./0004-dead-letters.ts";
import { checkpoints } from "./0005-checkpoints.ts";
import { deadlines } from "./0006-deadlines.ts";
import { lineage } from "./0007-lineage.ts";
import type { Migration } from "./migration.ts";

/** All steps, in order, numbered from 1. */
export const migrations: readonly Migration[] = [
  initial,
  definitions,
  locks,
  deadLetters,
  checkpoints,
  deadlines,
  lineage,
];
