import type { Migration } from "./migration.ts";

/** Schedules (model/schedule-record.ts), and what became of their slots. */
export const schedules: Migration = {
  number: 5,
  name: "schedules",
  sql: `
-- number: names it to its records, and no other one of its id before or after it. held: its namespace lets nothing begin, so that it is
-- due when that is over; the index of what is due knows nothing of it. look_at: when somebody has to look at it. records: how many there
-- have been. settings, pause, progress: JSON (sql/schedule-text.ts).
CREATE TABLE schedules (
  namespace integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  number bigint GENERATED ALWAYS AS IDENTITY,
  revision bigint NOT NULL,
  round bigint NOT NULL,
  held boolean NOT NULL,
  look_at bigint,
  records bigint NOT NULL,
  created_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  is_canvas boolean NOT NULL,
  target bytea NOT NULL,
  settings text NOT NULL,
  pause text,
  progress text NOT NULL,
  PRIMARY KEY (namespace, id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
-- How long it is has to be known without reading it.
ALTER TABLE schedules ALTER COLUMN target SET STORAGE EXTERNAL;
CREATE INDEX schedules_due ON schedules (look_at) WHERE look_at IS NOT NULL AND NOT held;

-- schedule: its number. record: JSON (sql/schedule-text.ts).
CREATE TABLE slot_records (
  schedule bigint NOT NULL,
  place bigint NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (schedule, place)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
`,
};
