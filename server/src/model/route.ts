import type { BroadcastTerms } from "./broadcast.ts";
import type { Bounds } from "./gate.ts";
import type { Namespace, QueueName, TaskId, TaskName } from "./ids.ts";
import type { TaskPolicy } from "./task.ts";

/** What routing may look at of a task. */
export type RoutedTask = {
  readonly id: TaskId;
  readonly name: TaskName;
  /** The queue that its producer asks for. */
  readonly queue: QueueName | undefined;
  /** The key that its producer gives in place of a queue. */
  readonly routingKey: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The priority that its producer asks for. */
  readonly priority: number | undefined;
};

/** Where tasks go: one queue, or everybody who listens on a channel. */
export type RouteTarget =
  | { readonly kind: "queue"; readonly queue: QueueName }
  | { readonly kind: "broadcast"; readonly channel: string };

/** What the configuration says of a channel. */
export type ChannelTerms = { readonly [K in keyof BroadcastTerms]: BroadcastTerms[K] | undefined };

/** Where one task goes, and what it gets on the way. */
export type RouteDecision = {
  readonly target: RouteTarget;
  readonly priority: number;
  /** What the task's own options leave out. */
  readonly policy: Partial<TaskPolicy>;
};

/** Options that a queue or a route gives to tasks which do not say otherwise. */
export type RouteOptions = { readonly priority: number | undefined; readonly policy: Partial<TaskPolicy> };

/** Conditions on headers: all must be there, with exactly these values. */
export type HeaderMatch = readonly (readonly [key: string, value: string])[];

/** A pattern of names or keys. */
export type Glob = {
  readonly pattern: string;
  /** Takes time in proportion to the text, and never more than text times pattern. */
  readonly matches: (text: string) => boolean;
};

/** A queue's wish for tasks whose routing key fits. */
export type Binding = {
  readonly queue: QueueName;
  readonly key: Glob;
  readonly headers: HeaderMatch;
  /** How many tickets it has where several bindings fit. */
  readonly weight: number;
};

/** What the configuration says of one queue. */
export type QueueRules = {
  readonly priorityMin: number;
  readonly priorityMax: number;
  readonly options: RouteOptions;
  /** The limits that it has from here; undefined: those that operators put, if any. */
  readonly limits: Bounds | undefined;
  /** Where tasks go instead while nobody takes from it: the first that somebody takes from. Fallbacks of fallbacks included. */
  readonly fallbacks: readonly QueueName[];
};

/** One route: tasks that fit all of it go to its target. */
export type RouteRule = {
  /** Which one it is, for people: `routes[2] (line 14)`. */
  readonly label: string;
  /** Any of them; none at all: every task. */
  readonly tasks: readonly Glob[];
  readonly headers: HeaderMatch;
  /** Only tasks that would go to this queue. */
  readonly fromQueue: QueueName | undefined;
  readonly target: RouteTarget;
  readonly priorityOverride: number | undefined;
  readonly options: RouteOptions;
};

/** A namespace's routing, checked: every queue in it is declared, every alias leads to a queue. */
export type RoutingRules = {
  readonly defaultQueue: QueueName;
  /** Whether tasks and workers may name queues that are not declared. */
  readonly isOpen: boolean;
  readonly aliases: ReadonlyMap<QueueName, QueueName>;
  readonly queues: ReadonlyMap<QueueName, QueueRules>;
  readonly bindings: readonly Binding[];
  readonly channels: ReadonlyMap<string, ChannelTerms>;
  /** Whether publishers and workers may name channels that are not declared. */
  readonly areChannelsOpen: boolean;
  /** The first that fits wins. */
  readonly routes: readonly RouteRule[];
};

/** A namespace's routing as operators see it. */
export type RoutingRecord = {
  readonly namespace: Namespace;
  /** YAML or JSON; empty where there is none. */
  readonly text: string;
  /** Rises with every replacement; 0 where there never was one. */
  readonly revision: number;
  /** file: the server was started with it, and it is that of every namespace. */
  readonly source: "none" | "store" | "file";
};
