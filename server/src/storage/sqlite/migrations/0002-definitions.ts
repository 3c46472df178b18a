import type { Migration } from "./migration.ts";

/** What workers announced of tasks. By the namespace's own name: there may be definitions where no task has ever been. */
export const definitions: Migration = {
  number: 2,
  name: "definitions",
  sql: `
CREATE TABLE definitions (
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;
`,
};
