import type { Migration } from "./migration.ts";

/** Schedules, how far they have come, and what became of their slots. Numbers of words: schedules/codes.ts. */
export const schedules: Migration = {
  number: 17,
  name: "schedules",
  sql: `
-- What is said of a schedule, apart from how far it has come, so that no slot rewrites it. settings: JSON, without the target.
CREATE TABLE schedules (
  seq INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  paused_at INTEGER,
  pause_note TEXT,
  paused_by TEXT,
  settings TEXT NOT NULL,
  target_kind INTEGER NOT NULL,
  target BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX schedules_id ON schedules (namespace, id);

-- How far it has come, by the number of its row. due_at: look_at while its namespace is active, else NULL, so that the index has
-- nothing but what will fire. last: what was started last; waiting: what waits for its end; NULL where nothing is or does.
CREATE TABLE schedule_progress (
  seq INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL,
  due_at INTEGER,
  round INTEGER NOT NULL,
  next_slot INTEGER,
  look_at INTEGER,
  passed INTEGER,
  fired INTEGER NOT NULL,
  records INTEGER NOT NULL,
  ending INTEGER,
  last_slot INTEGER,
  last_at INTEGER,
  last_kind INTEGER,
  last_id TEXT,
  waiting_slot INTEGER,
  waiting_due_at INTEGER,
  waiting_cause INTEGER,
  waiting_request TEXT,
  waiting_since INTEGER
) STRICT;

CREATE INDEX schedule_progress_due ON schedule_progress (due_at) WHERE due_at IS NOT NULL;

-- What became of slots. word: the id of what was started, or why nothing could be; until: where the row stands for a stretch of time.
CREATE TABLE slot_records (
  schedule INTEGER NOT NULL,
  place INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  cause INTEGER NOT NULL,
  request TEXT,
  decided_at INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  word TEXT,
  until INTEGER,
  PRIMARY KEY (schedule, place)
) STRICT, WITHOUT ROWID;
`,
};
