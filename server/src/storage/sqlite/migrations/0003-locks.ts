import type { Migration } from "./migration.ts";

/** Locks, one row a key that is held or was until lately. How many rows there are, and the newest fence, are counters. */
export const locks: Migration = {
  number: 3,
  name: "locks",
  sql: `
CREATE TABLE locks (
  namespace INTEGER NOT NULL,
  key TEXT NOT NULL,
  owner TEXT NOT NULL,
  fence INTEGER NOT NULL,
  acquired_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX locks_expiry ON locks (expires_at);
`,
};
