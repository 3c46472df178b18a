import type { Migration } from "./migration.ts";

/** What tasks put out while they run, and what is made known on queues: logs that keep their newest entries. */
export const keptLogs: Migration = {
  number: 13,
  name: "kept-logs",
  sql: `
-- What a task put out; kinds: codes.ts. seq: the task's. place: among all that the task ever put out.
CREATE TABLE outputs (
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX outputs_place ON outputs (seq, place);

-- One row for each task that has put out anything. fence_*: the lease that wrote last; newest: the number of its newest entry.
-- tallies: by kind, as JSON (output-head.ts).
CREATE TABLE output_heads (
  seq INTEGER PRIMARY KEY,
  next_place INTEGER NOT NULL,
  fence_epoch INTEGER NOT NULL,
  fence_seq INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  tallies TEXT NOT NULL
) STRICT;

CREATE TABLE queue_events (
  queue INTEGER NOT NULL,
  place INTEGER NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  emitted_at INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX queue_events_place ON queue_events (queue, place);
CREATE UNIQUE INDEX queue_events_id ON queue_events (queue, id);
CREATE INDEX queue_events_age ON queue_events (emitted_at);

-- One row for each queue that has had an event. The last four: what is kept, and what was dropped (model/kept-log.ts).
CREATE TABLE queue_event_heads (
  queue INTEGER PRIMARY KEY,
  next_place INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  kept_from INTEGER NOT NULL
) STRICT;
`,
};
