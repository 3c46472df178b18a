import type { Migration } from "./migration.ts";

/** Who cancelled and who paused, pauses that end by themselves, and ids that are cancelled before they come. */
export const cancelsAndPauses: Migration = {
  number: 6,
  name: "cancels-and-pauses",
  sql: `
ALTER TABLE tasks ADD COLUMN cancel_requester TEXT;
ALTER TABLE queues ADD COLUMN paused_by TEXT;
ALTER TABLE queues ADD COLUMN resume_at INTEGER;
CREATE INDEX queues_resume ON queues (resume_at) WHERE resume_at IS NOT NULL;

CREATE TABLE revocations (
  namespace INTEGER NOT NULL,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  requester TEXT,
  requested_at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;
`,
};
