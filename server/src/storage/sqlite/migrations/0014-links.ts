import type { Migration } from "./migration.ts";

/** What the ends of tasks make, and what tasks are handed that were made so: apart, because few tasks have any. */
export const links: Migration = {
  number: 14,
  name: "links",
  sql: `
CREATE TABLE links (
  seq INTEGER PRIMARY KEY,
  links TEXT NOT NULL
) STRICT;
CREATE TABLE inputs (
  seq INTEGER PRIMARY KEY,
  head TEXT NOT NULL,
  data BLOB
) STRICT;
`,
};
