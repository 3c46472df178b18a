import type { Migration } from "./migration.ts";

/** Canvases: barriers, their members that have ended, what starts later, and where tasks are. Texts: sql/barrier-text.ts. */
export const canvases: Migration = {
  number: 16,
  name: "canvases",
  sql: `
-- canvas: the number of the canvas' own barrier, which is that of its row in canvases, too. above: the barrier that it is under.
CREATE TABLE barriers (
  seq INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  id TEXT NOT NULL,
  canvas INTEGER NOT NULL,
  above INTEGER,
  state INTEGER NOT NULL,
  size INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  unsuccessful INTEGER NOT NULL,
  attempted INTEGER NOT NULL,
  has_rest INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  fixed TEXT NOT NULL,
  cause TEXT
) STRICT;

CREATE UNIQUE INDEX barriers_id ON barriers (namespace, id);
CREATE INDEX barriers_canvas ON barriers (canvas, id);
CREATE INDEX barriers_open ON barriers (above) WHERE state = 0 AND above IS NOT NULL;
CREATE INDEX barriers_rest ON barriers (seq) WHERE has_rest = 1;

-- What is said of a canvas as a whole; purge_at: it has ended; retries: the number of the canvas that it retries.
CREATE TABLE canvases (
  seq INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  name TEXT NOT NULL,
  facts TEXT NOT NULL,
  deadline INTEGER,
  purge_at INTEGER,
  description BLOB NOT NULL,
  retries INTEGER
) STRICT;

CREATE INDEX canvases_newest ON canvases (namespace, seq);
CREATE INDEX canvases_name ON canvases (namespace, name, seq) WHERE name <> '';
CREATE INDEX canvases_overdue ON canvases (deadline, seq) WHERE deadline IS NOT NULL AND purge_at IS NULL;
CREATE INDEX canvases_purge ON canvases (purge_at) WHERE purge_at IS NOT NULL;
CREATE INDEX canvases_retries ON canvases (retries) WHERE retries IS NOT NULL;

CREATE TABLE canvas_tags (
  namespace INTEGER NOT NULL,
  tag TEXT NOT NULL,
  canvas INTEGER NOT NULL,
  PRIMARY KEY (namespace, tag, canvas)
) STRICT, WITHOUT ROWID;

-- source: the id of a task, or of a barrier where is_barrier says so.
CREATE TABLE members (
  barrier INTEGER NOT NULL,
  place INTEGER NOT NULL,
  state INTEGER NOT NULL,
  is_barrier INTEGER NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (barrier, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE parts (
  canvas INTEGER NOT NULL,
  id TEXT NOT NULL,
  part TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX parts_id ON parts (canvas, id);

-- Where tasks are. seq: the task's. unsuccessful: only such an end is that of the member.
CREATE TABLE places (
  seq INTEGER PRIMARY KEY,
  canvas INTEGER NOT NULL,
  barrier INTEGER NOT NULL,
  place INTEGER NOT NULL,
  unsuccessful INTEGER NOT NULL,
  step INTEGER,
  next TEXT
) STRICT;

CREATE INDEX places_canvas ON places (canvas, seq);
CREATE INDEX places_barrier ON places (barrier, seq);
`,
};
