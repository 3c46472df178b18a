import type { Namespace, TaskName } from "../../model/ids.ts";
import type { DefinitionPlace, DefinitionRecord } from "../../ports/definition-store.ts";
import type { State } from "./state.ts";

/** Puts records in place of what is there under their names. */
export function putDefinitions(state: State, records: readonly DefinitionRecord[]): void {
  for (const { namespace, name, record } of records) {
    const kept = { namespace, name, record: record.slice() };
    const space = state.definitions.get(namespace);
    if (space === undefined) state.definitions.set(namespace, new Map([[name, kept]]));
    else space.set(name, kept);
  }
}

/** Removes a record; whether there was one. */
export const removeDefinition = (state: State, namespace: Namespace, name: TaskName): boolean =>
  state.definitions.get(namespace)?.delete(name) ?? false;

/** Records by namespace and name, after a place. */
export function listDefinitions(
  state: State,
  after: DefinitionPlace | undefined,
  limit: number,
): readonly DefinitionRecord[] {
  const isAfter = ({ namespace, name }: DefinitionRecord): boolean =>
    after === undefined ||
    namespace > after.namespace ||
    (namespace === after.namespace && (after.name === undefined || name > after.name));
  return [...state.definitions.values()]
    .flatMap((space) => [...space.values()])
    .filter(isAfter)
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))
    .slice(0, limit)
    .map((kept) => ({ ...kept, record: kept.record.slice() }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
