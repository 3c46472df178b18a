import type { Migration } from "./migration.ts";

/** Tasks that limits and keys tie to others, apart from those that are free. */
export const gates: Migration = {
  number: 7,
  name: "gates",
  sql: `
-- 1: there is, as long as the task lives, a row in ties. NULL for most tasks, whose rows and indexes stay as they were.
ALTER TABLE tasks ADD COLUMN tied INTEGER;
-- What a producer said that ties its task, as JSON.
ALTER TABLE contents ADD COLUMN ties TEXT;
DROP INDEX tasks_ready;
CREATE INDEX tasks_ready ON tasks (queue, priority DESC, seq, content_bytes) WHERE state = 1 AND tied IS NULL;

-- Tied tasks that have not ended. state, queue, priority and content_bytes as in tasks, so that indexes can have them; state moves in
-- the transaction that moves the task. held: where a ready task stands, see gatekeeper.ts. turn: its place among tasks of its priority,
-- before the order of acceptance. lane: the labels that its worker must have. The keys are text with their namespace before them.
CREATE TABLE ties (
  seq INTEGER PRIMARY KEY,
  queue INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  content_bytes INTEGER NOT NULL,
  state INTEGER NOT NULL,
  held INTEGER NOT NULL,
  lane TEXT NOT NULL,
  limit_name TEXT NOT NULL,
  limit_key TEXT,
  ordering_key TEXT
) STRICT;

CREATE INDEX ties_ready ON ties (queue, lane, priority DESC, turn, seq, content_bytes) WHERE state = 1 AND held = 0;
CREATE INDEX ties_queue ON ties (queue, state, seq);
CREATE INDEX ties_name ON ties (limit_name, queue, lane, state, held, priority DESC, turn, seq);
CREATE INDEX ties_key ON ties (limit_key, queue, lane, limit_name, state, held, priority DESC, turn, seq)
  WHERE limit_key IS NOT NULL;
CREATE INDEX ties_ordering ON ties (ordering_key, seq) WHERE ordering_key IS NOT NULL;

-- How far a queue has come whose keys take turns; NULL where none was ever said. And the last turn and the weight (NULL: 1) of keys
-- that are not behind that, or have a weight.
ALTER TABLE queues ADD COLUMN turn INTEGER;
CREATE TABLE turns (
  queue INTEGER NOT NULL,
  key TEXT NOT NULL,
  last INTEGER NOT NULL,
  weight INTEGER,
  PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;

-- Limits by what they are about (kinds: codes.ts). due_at: when the next grant is due by the rate, in milliseconds and fractions.
CREATE TABLE limits (
  namespace INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  subject TEXT NOT NULL,
  concurrency INTEGER,
  rate_count INTEGER,
  rate_period_ms INTEGER,
  rate_burst INTEGER,
  updated_at INTEGER NOT NULL,
  due_at REAL NOT NULL,
  PRIMARY KEY (namespace, kind, subject)
) STRICT, WITHOUT ROWID;
`,
};
