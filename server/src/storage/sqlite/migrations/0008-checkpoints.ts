import type { Migration } from "./migration.ts";

/** What attempts leave for their successors, apart: few tasks have any. */
export const checkpoints: Migration = {
  number: 8,
  name: "checkpoints",
  sql: `
CREATE TABLE checkpoints (
  seq INTEGER PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;
`,
};
