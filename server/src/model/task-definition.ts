import type { TaskTies } from "./gate.ts";
import type { Bytes, Instant, QueueName, TaskName } from "./ids.ts";
import type { TaskPolicy } from "./task.ts";
import type { OnConflict } from "./unique.ts";

/** What tasks of a name get that do not say otherwise; undefined: the server's default. */
export type TaskDefaults = {
  readonly queue: QueueName | undefined;
  readonly priority: number | undefined;
  readonly policy: Partial<TaskPolicy>;
  /** How long after it was accepted a task starts. */
  readonly delayMs: number | undefined;
  /** What it shares with other tasks; each part that a task says itself is its own. */
  readonly ties?: TaskTies | undefined;
  /** What it claims; how long is in the policy. */
  readonly unique?: UniqueDefaults | undefined;
};

/** A claim that tasks of a name make. Counted from when each of them is accepted. */
export type UniqueDefaults = {
  /** The key; undefined: made of the arguments, of these parts of them where there are any. */
  readonly key: string | undefined;
  readonly argPaths: readonly string[] | undefined;
  readonly onConflict: OnConflict;
  readonly windowMs: number | undefined;
  /** How long it is put off, where it is debounced. */
  readonly delayMs: number | undefined;
  readonly maxWaitMs: number | undefined;
};

/** What workers announced for the tasks of a namespace, by name. */
export type AnnouncedDefaults = ReadonlyMap<TaskName, TaskDefaults>;

/** What a worker says of the tasks of a name. */
export type TaskDefinition = {
  readonly name: TaskName;
  readonly version: number;
  /** Undefined where it says nothing of the kind. */
  readonly defaults: TaskDefaults | undefined;
  /** All that it says, encoded, for those who ask. */
  readonly content: Bytes;
};

/** A definition, and who announced it first. */
export type Announcement = {
  readonly definition: TaskDefinition;
  readonly worker: string;
  readonly at: Instant;
};

/** What is known under a name: the definition in force, and the last one that contradicts it. */
export type KnownDefinition = {
  readonly current: Announcement;
  readonly rival: Announcement | undefined;
};

/**
 * What is known after an announcement; undefined where that is nothing new. A higher version replaces what was, and with it all
 * contradictions. Of the same version the newest word counts, and the one before stays in sight; a lower version is kept in sight only.
 */
export function announce(
  known: KnownDefinition | undefined,
  said: Announcement,
): KnownDefinition | undefined {
  if (known === undefined) return { current: said, rival: undefined };
  const { current, rival } = known;
  if (saysTheSame(current, said)) return undefined;
  const { version } = said.definition;
  if (version > current.definition.version) return { current: said, rival: undefined };
  if (version === current.definition.version) return { current: said, rival: current };
  return rival !== undefined && saysTheSame(rival, said) ? undefined : { current, rival: said };
}

const saysTheSame = (a: Announcement, b: Announcement): boolean =>
  Buffer.compare(a.definition.content, b.definition.content) === 0;
