import type { Migration } from "./migration.ts";

/** Ended tasks whose number is bounded, apart: tasks that say nothing of the kind are in neither table. */
export const shelves: Migration = {
  number: 11,
  name: "shelves",
  sql: `
-- One for each name of tasks that are bounded: what is on it, and the bound of the one that ended last.
CREATE TABLE shelves (
  id INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  name TEXT NOT NULL,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  count_max INTEGER,
  bytes_max INTEGER,
  UNIQUE (namespace, name)
) STRICT;
CREATE INDEX shelves_overfull ON shelves (id) WHERE count > count_max OR bytes > bytes_max;
CREATE INDEX shelves_empty ON shelves (id) WHERE count = 0;

-- place: the order in which they ended. bytes: of result and failure.
CREATE TABLE shelved (
  place INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL UNIQUE,
  shelf INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX shelved_shelf ON shelved (shelf, place);
`,
};
