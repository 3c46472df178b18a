import { initial } from "./0001-initial.ts";
import { definitions } from "./0002-definitions.ts";
import { locks } from "./0003-locks.ts";
import { deadLetters } from "./0004-dead-letters.ts";
import { uniqueClaims } from "./0005-unique-claims.ts";
import { cancelsAndPauses } from "./0006-cancels-and-pauses.ts";
import { gates } from "./0007-gates.ts";
import { checkpoints } from "./0008-checkpoints.ts";
import type { Migration } from "./migration.ts";

/** The steps 1 to 8. */
export const firstMigrations: readonly Migration[] = [
  initial,
  definitions,
  locks,
  deadLetters,
  uniqueClaims,
  cancelsAndPauses,
  gates,
  checkpoints,
];
