import type { Bytes, Namespace, TaskName } from "../../model/ids.ts";
import type { DefinitionPlace, DefinitionRecord } from "../../ports/definition-store.ts";
import { byteas, texts } from "./arrays.ts";
import { raiseRules } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

// The last of several for one name counts.
const upsert = statement(`
  INSERT INTO definitions (namespace, name, record)
  SELECT DISTINCT ON (u.namespace, u.name) u.namespace, u.name, u.record
  FROM unnest($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY AS u(namespace, name, record, at)
  ORDER BY u.namespace, u.name, u.at DESC
  ON CONFLICT (namespace, name) DO UPDATE SET record = excluded.record`);
const remove = statement("DELETE FROM definitions WHERE namespace = $1 AND name = $2");
const select = statement<[Namespace, TaskName, Bytes]>(`
  SELECT namespace, name, record FROM definitions WHERE (namespace, name) > ($1, $2) ORDER BY namespace, name LIMIT $3`);

/** Puts records in place of what is there under their names. */
export async function putDefinitions({ db }: Work, records: readonly DefinitionRecord[]): Promise<void> {
  await db.run(
    upsert,
    texts(records.map(({ namespace }) => namespace)),
    texts(records.map(({ name }) => name)),
    byteas(records.map(({ record }) => record)),
  );
  await raiseRules(db);
}

/** Removes a record; whether there was one. */
export const removeDefinition = async (
  { db }: Work,
  namespace: Namespace,
  name: TaskName,
): Promise<boolean> => {
  const removed = await db.run(remove, namespace, name);
  if (removed > 0) await raiseRules(db);
  return removed > 0;
};

/** Records by namespace and name, after a place. */
export const listDefinitions = async (
  db: Session,
  after: DefinitionPlace | undefined,
  limit: number,
): Promise<readonly DefinitionRecord[]> =>
  (await db.rows(select, after?.namespace ?? "", after?.name ?? "", limit)).map(
    ([namespace, name, record]) => ({
      namespace,
      name,
      record,
    }),
  );
