import type { Migration } from "./migration.ts";

/**
 * Tasks that users enqueue within their own transactions: they stand here when those are committed, and servers take them in as what came
 * by the API, rules and all.
 */
export const inbox: Migration = {
  number: 3,
  name: "inbox",
  sql: `
-- task: NewTask as JSON. take_at: when a server takes it next, at the earliest; NULL: never, because it may not come in. refusal: why it did
-- not come in so far.
CREATE TABLE inbox (
  place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL,
  id text NOT NULL,
  task jsonb NOT NULL,
  put_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  take_at timestamptz DEFAULT '-infinity',
  refusal text
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX inbox_waiting ON inbox (take_at, place) WHERE take_at IS NOT NULL;
CREATE INDEX inbox_refused ON inbox (put_at) WHERE take_at IS NULL;

CREATE FUNCTION enqueue(name text, args jsonb DEFAULT NULL, task jsonb DEFAULT '{}', namespace text DEFAULT 'default')
RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  task_id text := coalesce(enqueue.task->>'id', gen_random_uuid()::text);
  whole jsonb := enqueue.task || jsonb_build_object('id', task_id, 'name', enqueue.name);
BEGIN
  IF enqueue.name IS NULL OR enqueue.name = '' OR enqueue.namespace IS NULL OR jsonb_typeof(enqueue.task) IS DISTINCT FROM 'object' THEN
    RAISE EXCEPTION 'a task has a name, a namespace, and an object of what else is said of it' USING ERRCODE = '22023';
  END IF;
  IF enqueue.args IS NOT NULL THEN
    whole := whole || jsonb_build_object('args', jsonb_build_object('json', enqueue.args::text));
  END IF;
  IF length(whole::text) > 8388608 THEN
    RAISE EXCEPTION 'a task has at most 8 MiB of text' USING ERRCODE = '54000';
  END IF;
  INSERT INTO inbox (namespace, id, task) VALUES (enqueue.namespace, task_id, whole);
  -- One for each transaction, however many tasks: the texts are the same.
  PERFORM pg_notify('stem_' || (('x' || encode(substr(sha256(convert_to('stem ' || current_schema(), 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint >> 1),
    '{"from":"sql","hints":[["inbox","",""]]}');
  RETURN task_id;
END $$;
-- Whoever may use the schema may enqueue, and see nothing; what is found in a temporary schema is not meant.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION enqueue(text, jsonb, jsonb, text) SET search_path TO %I, pg_temp', current_schema());
END $$;
`,
};
