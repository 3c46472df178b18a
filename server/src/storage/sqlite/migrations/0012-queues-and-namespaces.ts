import type { Migration } from "./migration.ts";

/** What operators say of queues and namespaces. */
export const queuesAndNamespaces: Migration = {
  number: 12,
  name: "queues-and-namespaces",
  sql: `
-- life: 0 there, 1 being deleted, 2 deleted; a deleted one stays for the records of tasks that ended in it. left_at: since when.
ALTER TABLE queues ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE queues ADD COLUMN backlog_max INTEGER;
ALTER TABLE queues ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queues ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE queues ADD COLUMN life INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queues ADD COLUMN left_at INTEGER;
CREATE INDEX queues_leaving ON queues (life, left_at) WHERE life > 0;

-- revision 0: nobody made the namespace, it came with what was stored in it, and obeys nothing. state: 0 active, 1 disabled, 2 being
-- deleted. queue_creation: 1 on use, 2 explicit, NULL as the server says. backlog_bytes is counted while there is a quota for it.
ALTER TABLE namespaces ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE namespaces ADD COLUMN queue_creation INTEGER;
ALTER TABLE namespaces ADD COLUMN queues_max INTEGER;
ALTER TABLE namespaces ADD COLUMN backlog_tasks_max INTEGER;
ALTER TABLE namespaces ADD COLUMN backlog_bytes_max INTEGER;
ALTER TABLE namespaces ADD COLUMN backlog_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE namespaces ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE namespaces ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE namespaces ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE namespaces ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
`,
};
