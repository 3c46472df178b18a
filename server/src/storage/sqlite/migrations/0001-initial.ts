import type { Migration } from "./migration.ts";

/** The first layout. Numbers of states and reasons: codes.ts. */
export const initial: Migration = {
  number: 1,
  name: "initial",
  sql: `
-- Small values by name: token keys and the like.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Numbers by name: the epoch, and the last event that was dropped.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE namespaces (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- The last six columns count the queue's tasks by state. They move in the transaction that moves the tasks.
CREATE TABLE queues (
  id INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  pause_reason TEXT,
  paused_at INTEGER,
  scheduled INTEGER NOT NULL DEFAULT 0,
  ready INTEGER NOT NULL DEFAULT 0,
  leased INTEGER NOT NULL DEFAULT 0,
  succeeded INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  UNIQUE (namespace, name)
) STRICT;

-- What changes about a task, kept narrow: seventy rows a page, rewritten two or three times in a task's life. seq is the order of
-- acceptance. timer_at: when a scheduled task is due, a lease ends (grace included), an ended task may be removed; for a ready task
-- since when it is ready. fence_seq 0: never leased. outcome_hash: the newest lease was settled, and how.
CREATE TABLE tasks (
  seq INTEGER PRIMARY KEY,
  queue INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  content_bytes INTEGER NOT NULL,
  state INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  deliveries INTEGER NOT NULL,
  fence_epoch INTEGER NOT NULL,
  fence_seq INTEGER NOT NULL,
  timer_at INTEGER,
  created_at INTEGER NOT NULL,
  lease_ms INTEGER,
  not_before INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  outcome_hash INTEGER,
  cancel_at INTEGER,
  cancel_reason TEXT,
  worker TEXT
) STRICT;

-- content_bytes is there so that a claim knows how much it takes before it reads any of it.
CREATE INDEX tasks_ready ON tasks (queue, priority DESC, seq, content_bytes) WHERE state = 1;
CREATE INDEX tasks_timer ON tasks (state, timer_at) WHERE state <> 1;
CREATE INDEX tasks_scheduled ON tasks (queue, seq) WHERE state = 0;
CREATE INDEX tasks_unsuccessful ON tasks (state, seq) WHERE state > 3;

-- What never changes about a task, apart, so that no transition rewrites it. When the task is removed the row stays for a while as
-- its tombstone: id and hash, with gone_at saying until when.
CREATE TABLE contents (
  seq INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  id TEXT NOT NULL,
  gone_at INTEGER,
  hash TEXT NOT NULL,
  name TEXT NOT NULL,
  policy TEXT NOT NULL,
  tags TEXT,
  replay_of TEXT,
  content BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX contents_id ON contents (namespace, id);
CREATE INDEX contents_gone ON contents (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE results (
  seq INTEGER PRIMARY KEY,
  result BLOB,
  failure BLOB
) STRICT;

CREATE TABLE tags (
  namespace INTEGER NOT NULL,
  tag TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (namespace, tag, seq)
) STRICT, WITHOUT ROWID;

-- The outbox: one row a commit and queue; event-facts.ts packs and unpacks. newest_at is the time of the newest event in the row,
-- log_bytes the size of all rows that were ever written before it: the difference of two rows is the size of the log between them.
CREATE TABLE events (
  row INTEGER PRIMARY KEY,
  queue INTEGER NOT NULL,
  newest_at INTEGER NOT NULL,
  log_bytes INTEGER NOT NULL,
  facts BLOB NOT NULL
) STRICT;
`,
};
