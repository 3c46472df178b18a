import type { Bytes, Namespace, TaskName } from "../model/ids.ts";

/** What is known of the tasks of a name, as its keeper wrote it. */
export type DefinitionRecord = {
  readonly namespace: Namespace;
  readonly name: TaskName;
  readonly record: Bytes;
};

/** Where a list of definitions goes on. */
export type DefinitionPlace = { readonly namespace: Namespace; readonly name: TaskName | undefined };

/** What is known of tasks by name. Same transactions, same errors as TaskStore; records are opaque. */
export interface DefinitionStore {
  /** Puts records in place of what is there under their names: all or none, durably. */
  putDefinitions(records: readonly DefinitionRecord[]): Promise<void>;
  /** Removes a record; whether there was one. */
  removeDefinition(namespace: Namespace, name: TaskName): Promise<boolean>;
  /** Records of all namespaces, by namespace and name (code-unit order), after a place (undefined: from the start). */
  listDefinitions(after: DefinitionPlace | undefined, limit: number): Promise<readonly DefinitionRecord[]>;
}
