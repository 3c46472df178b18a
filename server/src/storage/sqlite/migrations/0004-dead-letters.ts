import type { Migration } from "./migration.ts";

/** What is known of dead letters beside the tasks that they are. */
export const deadLetters: Migration = {
  number: 4,
  name: "dead-letters",
  sql: `
-- Attempts that ended badly, the newest few of each task. revision: of the transition that ended the attempt.
CREATE TABLE attempts (
  seq INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER NOT NULL,
  worker TEXT,
  failure BLOB,
  PRIMARY KEY (seq, revision)
) STRICT, WITHOUT ROWID;

-- The task that replays another one, last.
CREATE TABLE replays (
  seq INTEGER PRIMARY KEY,
  task_id TEXT NOT NULL,
  replayed_at INTEGER NOT NULL
) STRICT;
`,
};
