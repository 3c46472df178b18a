import type { Migration } from "./migration.ts";

/**
 * The first layout. What the tables mean is told beside those of the embedded store (storage/sqlite/migrations); here is what is
 * different. Names are compared by their bytes, whatever the database was made with. Numbers of states and reasons: sql/codes.ts.
 */
export const initial: Migration = {
  number: 1,
  name: "initial",
  sql: `
-- One row. epoch: the least first part of the next fence. rules: rises whenever a rule changes that servers remember (rules.ts).
-- event_base: what is added to a transaction's number to make the number of
-- its row in the log. dropped_*: the last event that was dropped.
CREATE TABLE store (
  epoch bigint NOT NULL,
  rules bigint NOT NULL DEFAULT 0,
  event_base bigint NOT NULL,
  dropped_row bigint,
  dropped_index integer
);
INSERT INTO store (epoch, event_base) VALUES (0, 0);

CREATE SEQUENCE task_seq;
CREATE SEQUENCE lock_fence;

CREATE TABLE meta (
  key text COLLATE "C" PRIMARY KEY,
  value bytea NOT NULL
);

CREATE TABLE namespaces (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  description text NOT NULL DEFAULT '',
  queue_creation smallint,
  queues_max bigint,
  backlog_tasks_max bigint,
  backlog_bytes_max bigint,
  state smallint NOT NULL DEFAULT 0,
  reason text NOT NULL DEFAULT '',
  created_at bigint NOT NULL DEFAULT 0,
  revision bigint NOT NULL DEFAULT 0
);

-- How many bytes of content have not ended, where there is a quota for them: the sum over rows, one a server, as in depths.
CREATE TABLE backlogs (
  namespace integer NOT NULL,
  slot smallint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (namespace, slot)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- gated: claims from it have to look at more than the index of what is ready. turn: see turns.
CREATE TABLE queues (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace integer NOT NULL REFERENCES namespaces,
  name text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  pause_reason text,
  paused_at bigint,
  paused_by text,
  resume_at bigint,
  gated boolean NOT NULL DEFAULT false,
  turn bigint,
  description text NOT NULL DEFAULT '',
  backlog_max bigint,
  closed boolean NOT NULL DEFAULT false,
  revision bigint NOT NULL DEFAULT 1,
  life smallint NOT NULL DEFAULT 0,
  left_at bigint,
  UNIQUE (namespace, name)
) WITH (fillfactor = 70);
CREATE INDEX queues_resume ON queues (resume_at) WHERE resume_at IS NOT NULL;
CREATE INDEX queues_leaving ON queues (life, left_at) WHERE life > 0;

-- How many tasks a queue has in each state: the sum over its rows. Each server writes its own row (slot), so that they do not wait for
-- each other; no column but the key is in an index, so that a page holds many versions of a row and cleans up after itself.
CREATE TABLE depths (
  queue integer NOT NULL,
  slot smallint NOT NULL,
  scheduled bigint NOT NULL,
  ready bigint NOT NULL,
  leased bigint NOT NULL,
  succeeded bigint NOT NULL,
  failed bigint NOT NULL,
  cancelled bigint NOT NULL,
  expired bigint NOT NULL,
  PRIMARY KEY (queue, slot)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- What changes about a task, narrow, because a changed row is written anew. timer_at: when a scheduled task is due, a lease ends
-- (grace included), an ended task may be removed. deadline_at: when it will have waited too long; it may be told of a task that waits
-- no more. fence_seq 0: never leased. tied: true while there is a row in ties; NULL for most.
CREATE TABLE tasks (
  seq bigint PRIMARY KEY,
  namespace integer NOT NULL,
  queue integer NOT NULL,
  content_bytes integer NOT NULL,
  revision integer NOT NULL,
  attempt integer NOT NULL,
  deliveries integer NOT NULL,
  priority smallint NOT NULL,
  state smallint NOT NULL,
  reason smallint NOT NULL,
  tied boolean,
  fence_epoch bigint NOT NULL,
  fence_seq bigint NOT NULL,
  created_at bigint NOT NULL,
  timer_at bigint,
  not_before bigint,
  lease_ms bigint,
  limit_ms bigint,
  deadline_at bigint,
  started_at bigint,
  ended_at bigint,
  outcome_hash bigint,
  cancel_at bigint,
  cancel_reason text,
  cancel_requester text,
  worker text
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 1);

CREATE INDEX tasks_ready ON tasks (queue, priority DESC, seq) WHERE state = 1 AND tied IS NULL;
CREATE INDEX tasks_timer ON tasks (state, timer_at, seq) WHERE state <> 1;
CREATE INDEX tasks_scheduled ON tasks (queue, seq) WHERE state = 0;
CREATE INDEX tasks_unsuccessful ON tasks (state, seq) WHERE state > 3;
CREATE INDEX tasks_deadline ON tasks (deadline_at, seq) WHERE deadline_at IS NOT NULL;

-- What hardly ever changes about a task. When the task is removed the row stays for a while as its tombstone, with gone_at.
CREATE TABLE contents (
  seq bigint PRIMARY KEY,
  namespace integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  gone_at bigint,
  hash text NOT NULL,
  name text COLLATE "C" NOT NULL,
  policy text NOT NULL,
  tags text,
  replay_of text,
  ties text,
  parent_id text COLLATE "C",
  root_id text COLLATE "C",
  content bytea NOT NULL,
  UNIQUE (namespace, id)
);
-- A payload is compressed by its producer, or not at all.
ALTER TABLE contents ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX contents_gone ON contents (gone_at, seq) WHERE gone_at IS NOT NULL;
CREATE INDEX contents_parent ON contents (namespace, parent_id, seq) WHERE parent_id IS NOT NULL;
CREATE INDEX contents_root ON contents (namespace, root_id, seq) WHERE root_id IS NOT NULL;

CREATE TABLE results (
  seq bigint PRIMARY KEY,
  result bytea,
  failure bytea
);
ALTER TABLE results ALTER COLUMN result SET STORAGE EXTERNAL;

CREATE TABLE checkpoints (
  seq bigint PRIMARY KEY,
  data bytea NOT NULL
);

CREATE TABLE tags (
  namespace integer NOT NULL,
  tag text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (namespace, tag, seq)
);

CREATE TABLE attempts (
  seq bigint NOT NULL,
  revision integer NOT NULL,
  attempt integer NOT NULL,
  outcome smallint NOT NULL,
  started_at bigint,
  ended_at bigint NOT NULL,
  worker text,
  failure bytea,
  PRIMARY KEY (seq, revision)
);

CREATE TABLE replays (
  seq bigint PRIMARY KEY,
  task_id text NOT NULL,
  replayed_at bigint NOT NULL
);

-- The outbox: one row a transaction, numbered by it; queues and facts are runs of events of one queue each, as they came. Rows are
-- read up to the oldest transaction that has not ended, so that none comes to be before one that was read.
CREATE TABLE events (
  row bigint NOT NULL,
  xid xid8 NOT NULL,
  newest_at bigint NOT NULL,
  bytes integer NOT NULL,
  last_index integer NOT NULL,
  queues integer[] NOT NULL,
  facts bytea[] NOT NULL,
  PRIMARY KEY (row) INCLUDE (newest_at, bytes)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);

CREATE TABLE unique_claims (
  seq bigint PRIMARY KEY,
  namespace integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  task_id text NOT NULL,
  newest boolean NOT NULL,
  claimed_at bigint NOT NULL,
  keep_until bigint,
  start_by bigint,
  free_at bigint,
  gone_at bigint,
  duplicates integer NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX unique_claims_key ON unique_claims (namespace, key) WHERE newest;
CREATE INDEX unique_claims_gone ON unique_claims (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE revocations (
  namespace integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  requester text,
  requested_at bigint NOT NULL,
  until bigint NOT NULL,
  PRIMARY KEY (namespace, id)
);

CREATE TABLE definitions (
  namespace text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  record bytea NOT NULL,
  PRIMARY KEY (namespace, name)
);

CREATE TABLE locks (
  namespace integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  owner text NOT NULL,
  fence bigint NOT NULL,
  acquired_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (namespace, key)
) WITH (fillfactor = 70);
CREATE INDEX locks_expiry ON locks (expires_at);

-- due_at: when the next grant is due by the rate, in milliseconds and fractions. untidy: the gate was left before all was in order.
CREATE TABLE limits (
  namespace integer NOT NULL,
  kind smallint NOT NULL,
  subject text COLLATE "C" NOT NULL,
  concurrency integer,
  rate_count integer,
  rate_period_ms bigint,
  rate_burst integer,
  updated_at bigint NOT NULL,
  due_at double precision NOT NULL,
  paused_at bigint,
  pause_reason text,
  paused_by text,
  resume_at bigint,
  untidy boolean NOT NULL DEFAULT false,
  PRIMARY KEY (namespace, kind, subject)
) WITH (fillfactor = 50);

CREATE TABLE turns (
  queue integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  last bigint NOT NULL,
  weight integer,
  PRIMARY KEY (queue, key)
) WITH (fillfactor = 50);

-- Tied tasks that have not ended, as in the embedded store, but with their namespace: its gates are tended by one server at a time.
CREATE TABLE ties (
  seq bigint PRIMARY KEY,
  namespace integer NOT NULL,
  queue integer NOT NULL,
  priority smallint NOT NULL,
  turn bigint NOT NULL,
  content_bytes integer NOT NULL,
  state smallint NOT NULL,
  held smallint NOT NULL,
  lane text COLLATE "C" NOT NULL,
  limit_name text COLLATE "C" NOT NULL,
  limit_key text COLLATE "C",
  ordering_key text COLLATE "C"
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
CREATE INDEX ties_ready ON ties (queue, lane, priority DESC, turn, seq) WHERE state = 1 AND held = 0;
CREATE INDEX ties_queue ON ties (queue, state, seq);
CREATE INDEX ties_name ON ties (limit_name, queue, lane, state, held, priority DESC, turn, seq);
CREATE INDEX ties_key ON ties (limit_key, queue, lane, limit_name, state, held, priority DESC, turn, seq)
  WHERE limit_key IS NOT NULL;
CREATE INDEX ties_ordering ON ties (ordering_key, seq) WHERE ordering_key IS NOT NULL;
`,
};
