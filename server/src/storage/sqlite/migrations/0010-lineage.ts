import type { Migration } from "./migration.ts";

/** Which task's handler enqueued a task, and from which one it descends. Only such tasks are in the indexes. */
export const lineage: Migration = {
  number: 10,
  name: "lineage",
  sql: `
ALTER TABLE contents ADD COLUMN parent_id TEXT;
ALTER TABLE contents ADD COLUMN root_id TEXT;
CREATE INDEX contents_parent ON contents (namespace, parent_id, seq) WHERE parent_id IS NOT NULL;
CREATE INDEX contents_root ON contents (namespace, root_id, seq) WHERE root_id IS NOT NULL;
`,
};
