import type { Bytes, Namespace, TaskName } from "../../model/ids.ts";
import type { DefinitionPlace, DefinitionRecord } from "../../ports/definition-store.ts";
import { command, type Database, query } from "./files/connection.ts";

/** Makes putDefinitions: puts records in place of what is there under their names. */
export function createPutDefinitions(db: Database): (records: readonly DefinitionRecord[]) => void {
  const upsert = command(
    db,
    `INSERT INTO definitions (namespace, name, record) VALUES (?1, ?2, ?3)
     ON CONFLICT (namespace, name) DO UPDATE SET record = ?3`,
  );
  return (records) => {
    for (const { namespace, name, record } of records) upsert(namespace, name, record);
  };
}

/** Makes removeDefinition: removes a record, and says whether there was one. */
export function createRemoveDefinition(db: Database): (namespace: Namespace, name: TaskName) => boolean {
  const remove = command(db, "DELETE FROM definitions WHERE namespace = ? AND name = ?");
  return (namespace, name) => remove(namespace, name) > 0;
}

/** Makes listDefinitions: records by namespace and name, after a place. Text compares by its bytes, as names of ASCII do by code. */
export function createListDefinitions(
  db: Database,
): (after: DefinitionPlace | undefined, limit: number) => readonly DefinitionRecord[] {
  const select = query<[Namespace, TaskName, Bytes]>(
    db,
    "SELECT namespace, name, record FROM definitions WHERE (namespace, name) > (?, ?) ORDER BY namespace, name LIMIT ?",
  );
  return (after, limit) =>
    select
      .all(after?.namespace ?? "", after?.name ?? "", limit)
      .map(([namespace, name, record]) => ({ namespace, name, record }));
}
