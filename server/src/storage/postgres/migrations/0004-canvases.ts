import type { Migration } from "./migration.ts";

/** Canvases (model/canvas.ts): what waits for several tasks, who waits under what, and what starts later. */
export const canvases: Migration = {
  number: 4,
  name: "canvases",
  sql: `
-- parent: the barrier that it is under. place: the order in which they came. rest: it has ended, and something under it may go on. fixed,
-- cause, facts: JSON (sql/barrier-text.ts). The columns from facts on are those of a canvas, which has the id of its outermost barrier.
-- A row changes with every member that ends, and no index with it but by its end.
CREATE TABLE barriers (
  namespace integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  canvas text COLLATE "C" NOT NULL,
  parent text COLLATE "C",
  place bigint GENERATED ALWAYS AS IDENTITY,
  state smallint NOT NULL,
  size integer NOT NULL,
  sealed boolean NOT NULL,
  ended integer NOT NULL,
  unsuccessful integer NOT NULL,
  attempted integer NOT NULL,
  rest boolean NOT NULL,
  created_at bigint NOT NULL,
  ended_at bigint,
  cause text,
  fixed text NOT NULL,
  facts text,
  name text COLLATE "C",
  deadline bigint,
  retry_of text COLLATE "C",
  purge_at bigint,
  description bytea,
  PRIMARY KEY (namespace, id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
CREATE INDEX barriers_canvas ON barriers (namespace, canvas, id);
CREATE INDEX barriers_open ON barriers (namespace, parent) WHERE state = 0 AND parent IS NOT NULL;
CREATE INDEX barriers_rest ON barriers (namespace, id) WHERE rest;
CREATE INDEX barriers_newest ON barriers (namespace, place) WHERE facts IS NOT NULL;
CREATE INDEX barriers_name ON barriers (namespace, name, place) WHERE facts IS NOT NULL;
CREATE INDEX barriers_state ON barriers (namespace, state, place) WHERE facts IS NOT NULL;
CREATE INDEX barriers_deadline ON barriers (deadline) WHERE state = 0 AND deadline IS NOT NULL;
CREATE INDEX barriers_purge ON barriers (purge_at) WHERE purge_at IS NOT NULL;
CREATE INDEX barriers_retries ON barriers (namespace, retry_of) WHERE retry_of IS NOT NULL;

-- place: that of the canvas.
CREATE TABLE canvas_tags (
  namespace integer NOT NULL,
  tag text COLLATE "C" NOT NULL,
  place bigint NOT NULL,
  PRIMARY KEY (namespace, tag, place)
);

-- Members that have ended. place: as which member. source: the task, or the barrier, that it was in the end.
CREATE TABLE members (
  namespace integer NOT NULL,
  barrier text COLLATE "C" NOT NULL,
  place integer NOT NULL,
  state smallint NOT NULL,
  is_barrier boolean NOT NULL,
  source text COLLATE "C" NOT NULL,
  PRIMARY KEY (namespace, barrier, place)
);

-- part: JSON (sql/barrier-text.ts).
CREATE TABLE parts (
  namespace integer NOT NULL,
  canvas text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  part text NOT NULL,
  PRIMARY KEY (namespace, canvas, id)
);

-- Where tasks are in their canvases, kept as long as they are. place: as which member. reports_success: its success is that member's.
-- next: the part that its success starts. goes_on: it has not ended, and nobody has asked to cancel it.
CREATE TABLE places (
  seq bigint PRIMARY KEY,
  namespace integer NOT NULL,
  canvas text COLLATE "C" NOT NULL,
  barrier text COLLATE "C" NOT NULL,
  place integer NOT NULL,
  reports_success boolean NOT NULL,
  step integer,
  next text COLLATE "C",
  goes_on boolean NOT NULL DEFAULT true
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
CREATE INDEX places_canvas ON places (namespace, canvas, seq);
CREATE INDEX places_rest ON places (namespace, barrier, seq) WHERE goes_on;
`,
};
