/**
 * Routing: where a task goes. A namespace may have rules, read from a file at the start or replaced by RPC and kept in the store; one
 * without costs its tasks one look. read-rules.ts tells what rules may say, table.ts how they decide, queue-limits.ts how the limits that
 * they say come into the store.
 */

import type { Mistake } from "../lib/document.ts";
import { type Namespace, type QueueName, queueNameOf } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { ChannelTerms, RoutedTask, RoutingRecord } from "../model/route.ts";
import { type Changes, type ChangesDeps, openChanges } from "./changes.ts";
import { compile, emptyTable, mistakesOf } from "./compile.ts";
import { createSpaces } from "./in-force.ts";
import type { Routed, RoutingTable, Surroundings } from "./table.ts";

export { RoutingError } from "./compile.ts";
export type { Routed, RoutingTable, Surroundings } from "./table.ts";

/** Decides where tasks go, namespace by namespace. */
export type Routing = Changes & {
  /** The queue of tasks that name none, where a namespace has no rules. */
  readonly defaultQueue: QueueName;
  /** The rules in force; undefined where a namespace has none: tasks go where they say, else to the default queue. */
  tableOf(namespace: Namespace): RoutingTable | undefined;
  /** The queues that a worker gets which wants these: under their own names, each once. QUEUE_UNKNOWN for one that may not be. */
  subscribe(namespace: Namespace, wanted: readonly QueueName[]): readonly QueueName[];
  /** What the rules say of a channel. CHANNEL_UNKNOWN for one that may not be. */
  channelTerms(namespace: Namespace, channel: string): ChannelTerms;
  /** CHANNEL_UNKNOWN for the first of these that may not be. */
  subscribeChannels(namespace: Namespace, channels: readonly string[]): void;
  /** Every place of the rules that names a queue. */
  usesOf(namespace: Namespace, queue: QueueName): readonly string[];
  /** Whether the rules say the limits of a queue. */
  saysLimits(namespace: Namespace, queue: QueueName): boolean;
  /** What is in force, as text. */
  get(namespace: Namespace): RoutingRecord;
  /** All that is wrong with a text; nothing: it may be put in force. */
  validate(text: string): readonly Mistake[];
  /** What would become of a task, under the rules in force or under those of a text. FIELD_INVALID where that is wrong. */
  test(namespace: Namespace, task: RoutedTask, trial: Trial): Routed;
};

/** What a dry run is made with. */
export type Trial = Surroundings & {
  /** Rules to try; undefined: those in force. */
  readonly text: string | undefined;
};

/** What routing needs. */
export type RoutingDeps = ChangesDeps & {
  /** Those of which rules may be kept; others may come later, and have none yet. */
  readonly namespaces: readonly Namespace[];
};

/** Reads what is to be in force. Throws RoutingError for a file, or for what an older server kept, that is not right. */
export async function openRouting(deps: RoutingDeps): Promise<Routing> {
  const spaces = createSpaces(deps);
  const tableOf = (namespace: Namespace): RoutingTable | undefined => spaces.of(namespace).table;
  return {
    ...(await openChanges(deps.namespaces, spaces, deps)),
    defaultQueue: queueNameOf(deps.defaults.queue),
    tableOf,
    subscribe: (namespace, wanted) => subscribed(tableOf(namespace), wanted),
    channelTerms: (namespace, channel) => termsIn(tableOf(namespace), channel),
    subscribeChannels: (namespace, channels) => {
      for (const channel of channels) termsIn(tableOf(namespace), channel);
    },
    usesOf: (namespace, queue) => tableOf(namespace)?.usesOf(queue) ?? [],
    saysLimits: (namespace, queue) => tableOf(namespace)?.queueLimits.has(queue) ?? false,
    get: spaces.record,
    validate: (text) => mistakesOf(text, deps),
    test(namespace, task, { text, ...around }) {
      const table = text === undefined ? tableOf(namespace) : compile(text, deps);
      return (table ?? emptyTable(deps)).resolve(task, around);
    },
  };
}

const unsaid: ChannelTerms = { expiresMs: undefined, delivery: undefined };

function termsIn(table: RoutingTable | undefined, channel: string): ChannelTerms {
  const terms = table === undefined ? unsaid : table.channelTerms(channel);
  if (terms === undefined) throw new StemProblem({ reason: "CHANNEL_UNKNOWN", channel });
  return terms;
}

function subscribed(table: RoutingTable | undefined, wanted: readonly QueueName[]): readonly QueueName[] {
  if (table === undefined) return wanted;
  const subscription = table.subscribe(wanted);
  if (subscription.kind === "queues") return subscription.queues;
  throw new StemProblem({ reason: "QUEUE_UNKNOWN", queue: subscription.queue });
}
