import type { Migration } from "./migration.ts";

/** Tasks that expire: when they have waited too long, apart, because few do; how long their attempts may run; how many have. */
export const deadlines: Migration = {
  number: 9,
  name: "deadlines",
  sql: `
CREATE TABLE deadlines (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX deadlines_at ON deadlines (at);

ALTER TABLE tasks ADD COLUMN limit_ms INTEGER;
ALTER TABLE queues ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
`,
};
