import type { Namespace, TaskName } from "../model/ids.ts";
import type { KnownDefinition, TaskDefaults } from "../model/task-definition.ts";

/** All definitions, in memory, for every enqueue asks. They are read again when another server of the store changed them. */
export type DefinitionCatalogue = {
  /** What is known under a name. */
  find(namespace: Namespace, name: TaskName): KnownDefinition | undefined;
  /** How many names a namespace has. */
  count(namespace: Namespace): number;
  /** Enters what is known under a name from now on. */
  enter(namespace: Namespace, name: TaskName, known: KnownDefinition): void;
  /** Strikes out all. */
  clear(): void;
  /** Strikes a name out. */
  forget(namespace: Namespace, name: TaskName): void;
  /** Definitions of a namespace by name, after `after`. */
  list(namespace: Namespace, after: TaskName | undefined, limit: number): readonly KnownDefinition[];
  /** What tasks get that do not say otherwise, by name; undefined where nothing of the kind is known. */
  defaultsIn(namespace: Namespace): ReadonlyMap<TaskName, TaskDefaults> | undefined;
};

type Space = {
  readonly known: Map<TaskName, KnownDefinition>;
  /** Only those that have any, so that most enqueues look into none. */
  readonly defaults: Map<TaskName, TaskDefaults>;
};

/** Makes an empty catalogue. */
export function createDefinitionCatalogue(): DefinitionCatalogue {
  const spaces = new Map<Namespace, Space>();

  function spaceOf(namespace: Namespace): Space {
    const known = spaces.get(namespace);
    if (known !== undefined) return known;
    const space: Space = { known: new Map(), defaults: new Map() };
    spaces.set(namespace, space);
    return space;
  }

  return {
    find: (namespace, name) => spaces.get(namespace)?.known.get(name),
    count: (namespace) => spaces.get(namespace)?.known.size ?? 0,
    enter(namespace, name, known) {
      const space = spaceOf(namespace);
      space.known.set(name, known);
      const { defaults } = known.current.definition;
      if (defaults === undefined) space.defaults.delete(name);
      else space.defaults.set(name, defaults);
    },
    clear: () => spaces.clear(),
    forget(namespace, name) {
      const space = spaceOf(namespace);
      space.known.delete(name);
      space.defaults.delete(name);
    },
    list(namespace, after, limit) {
      const { known } = spaceOf(namespace);
      const names = [...known.keys()].filter((name) => after === undefined || name > after).sort();
      return names.slice(0, limit).flatMap((name) => known.get(name) ?? []);
    },
    defaultsIn(namespace) {
      const defaults = spaces.get(namespace)?.defaults;
      return defaults === undefined || defaults.size === 0 ? undefined : defaults;
    },
  };
}
