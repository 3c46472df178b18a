import type { Migration } from "./migration.ts";

/** What few tasks have, each kind in tables of its own, and logs that keep their newest entries (model/kept-log.ts). */
export const besideTasks: Migration = {
  number: 2,
  name: "beside-tasks",
  sql: `
-- What the ends of tasks make, and what tasks are handed that were made so.
CREATE TABLE links (
  seq bigint PRIMARY KEY,
  links text NOT NULL
);
CREATE TABLE inputs (
  seq bigint PRIMARY KEY,
  head text NOT NULL,
  data bytea
);
ALTER TABLE inputs ALTER COLUMN data SET STORAGE EXTERNAL;

-- Names of tasks of which no more than so many are kept when they have ended: the bound of the one that ended last.
CREATE TABLE shelves (
  namespace integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  count_max bigint,
  bytes_max bigint,
  PRIMARY KEY (namespace, name)
) WITH (fillfactor = 70);

-- What is on a shelf: the sum over rows, one a server, as in depths.
CREATE TABLE shelf_loads (
  namespace integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  slot smallint NOT NULL,
  count bigint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (namespace, name, slot)
) WITH (fillfactor = 50);

-- place: the order in which they ended. bytes: of result and failure.
CREATE TABLE shelved (
  seq bigint PRIMARY KEY,
  namespace integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  place bigint GENERATED ALWAYS AS IDENTITY,
  bytes bigint NOT NULL
);
CREATE INDEX shelved_shelf ON shelved (namespace, name, place);

-- What a task put out. place: among all that the task ever put out.
CREATE TABLE outputs (
  seq bigint NOT NULL,
  place bigint NOT NULL,
  kind smallint NOT NULL,
  attempt integer NOT NULL,
  delivery integer NOT NULL,
  written_at bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (seq, place)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);

-- One row for each task that has put out anything. fence_*: the lease that wrote last; newest: the number of its newest entry.
-- tallies: by kind, as JSON (sql/output-head.ts).
CREATE TABLE output_heads (
  seq bigint PRIMARY KEY,
  next_place bigint NOT NULL,
  fence_epoch bigint NOT NULL,
  fence_seq bigint NOT NULL,
  newest bigint NOT NULL,
  tallies text NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);

CREATE TABLE queue_events (
  queue integer NOT NULL,
  place bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  emitted_at bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (queue, place),
  UNIQUE (queue, id)
);
CREATE INDEX queue_events_age ON queue_events (emitted_at);

-- One row for each queue that has had an event; whoever adds one locks it. The last four: what is kept, and what was dropped.
CREATE TABLE queue_event_heads (
  queue integer PRIMARY KEY,
  next_place bigint NOT NULL DEFAULT 0,
  kept bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  dropped bigint NOT NULL DEFAULT 0,
  kept_from bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
`,
};
