import type { Migration } from "./migration.ts";

/**
 * Claims of unique keys, one row a task that has made one. `newest`: no other task has claimed the key since. free_at: when the claim is
 * or was over, known once its scope is; keep_until: not before this. gone_at: the row is of no use any more, known at the task's end.
 */
export const uniqueClaims: Migration = {
  number: 5,
  name: "unique-claims",
  sql: `
CREATE TABLE unique_claims (
  seq INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  key TEXT NOT NULL,
  task_id TEXT NOT NULL,
  newest INTEGER NOT NULL,
  claimed_at INTEGER NOT NULL,
  keep_until INTEGER,
  start_by INTEGER,
  free_at INTEGER,
  gone_at INTEGER,
  duplicates INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX unique_claims_key ON unique_claims (namespace, key) WHERE newest = 1;
CREATE INDEX unique_claims_gone ON unique_claims (gone_at) WHERE gone_at IS NOT NULL;
`,
};
