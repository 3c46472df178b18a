/**
 * Routing: where a task goes. A namespace may have rules, read from a file at the start or replaced by RPC and kept in the store; one
 * without costs its tasks one look. read-rules.ts tells what rules may say, table.ts how they decide.
 */

import type { Mistake } from "../lib/document.ts";
import { type Namespace, type QueueName, queueNameOf } from "../model/ids.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { ChannelTerms, RoutedTask, RoutingRecord } from "../model/route.ts";
import type { Store } from "../ports/store.ts";
import { type KeptRouting, readKept, routingKeyOf, writeKept } from "./kept-routing.ts";
import { readRules } from "./read-rules.ts";
import { createTable, type Routed, type RoutingTable, type Surroundings } from "./table.ts";

export type { Routed, RoutingTable, Surroundings } from "./table.ts";

/** Decides where tasks go, namespace by namespace. */
export type Routing = {
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
  /** Forgets the rules of a namespace that is going. */
  forget(namespace: Namespace): Promise<void>;
  /** Reads the rules of these anew, because another server may have put others in force. */
  reread(namespaces: readonly Namespace[]): Promise<void>;
  /** What is in force, as text. */
  get(namespace: Namespace): RoutingRecord;
  /** All that is wrong with a text; nothing: it may be put in force. */
  validate(text: string): readonly Mistake[];
  /** What would become of a task, under the rules in force or under those of a text. FIELD_INVALID where that is wrong. */
  test(namespace: Namespace, task: RoutedTask, trial: Trial): Routed;
  /**
   * Puts a text in force, durably, and at once for every task that comes after; an empty one leaves the namespace without rules.
   * FIELD_INVALID, ROUTING_FIXED; REVISION_CONFLICT unless `expectedRevision` is the one in force.
   */
  replace(namespace: Namespace, text: string, expectedRevision: number): Promise<RoutingRecord>;
};

/** What a dry run is made with. */
export type Trial = Surroundings & {
  /** Rules to try; undefined: those in force. */
  readonly text: string | undefined;
};

/** What routing needs. */
export type RoutingDeps = {
  readonly store: Pick<Store, "getMeta" | "swapMeta" | "putMeta">;
  readonly limits: Limits;
  readonly defaults: Defaults;
  /** Those of which rules may be kept; others may come later, and have none yet. */
  readonly namespaces: readonly Namespace[];
  /** The text of a file that the server was started with, which then holds for every namespace; `name` for errors. */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
};

/** The configuration of routing is not right: a sentence for each thing that is wrong, with file, line and key. */
export class RoutingError extends Error {
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(mistakes.join("\n"));
    this.name = "RoutingError";
    this.mistakes = mistakes;
  }
}

type InForce = KeptRouting & { readonly table: RoutingTable | undefined };

/** Reads what is to be in force. Throws RoutingError for a file, or for what an older server kept, that is not right. */
export async function openRouting(deps: RoutingDeps): Promise<Routing> {
  const { store, defaults, file } = deps;
  const spaces = new Map<Namespace, InForce>();
  async function readSpace(namespace: Namespace): Promise<void> {
    const kept = readKept(await store.getMeta(routingKeyOf(namespace)));
    if (spaces.get(namespace)?.text === kept.text && spaces.get(namespace)?.revision === kept.revision)
      return;
    const name = `the routing of namespace ${namespace}, which the store keeps`;
    const table = file ? tableFrom(file.name, file.text, deps) : tableFrom(name, kept.text, deps);
    spaces.set(namespace, { ...kept, table });
  }
  for (const namespace of deps.namespaces) await readSpace(namespace);
  // What a namespace has that came later.
  const unsaidYet: InForce = { ...nothingKept, table: file && tableFrom(file.name, file.text, deps) };
  const inForce = (namespace: Namespace): InForce => spaces.get(namespace) ?? unsaidYet;
  const record = (namespace: Namespace): RoutingRecord => {
    const { text, revision } = inForce(namespace);
    if (file) return { namespace, text: file.text, revision, source: "file" };
    return { namespace, text, revision, source: text === "" ? "none" : "store" };
  };
  // One after the other, so that of two replacements which expect the same revision one is refused.
  let replacing: Promise<unknown> = Promise.resolve();
  return {
    defaultQueue: queueNameOf(defaults.queue),
    tableOf: (namespace) => inForce(namespace).table,
    subscribe: (namespace, wanted) => subscribed(inForce(namespace).table, wanted),
    channelTerms: (namespace, channel) => termsIn(inForce(namespace).table, channel),
    subscribeChannels: (namespace, channels) => {
      for (const channel of channels) termsIn(inForce(namespace).table, channel);
    },
    usesOf: (namespace, queue) => inForce(namespace).table?.usesOf(queue) ?? [],
    async forget(namespace) {
      spaces.delete(namespace);
      if (!file && readKept(await store.getMeta(routingKeyOf(namespace))).text !== "")
        await store.putMeta(routingKeyOf(namespace), writeKept(nothingKept));
    },
    async reread(namespaces) {
      const reading = replacing.then(async () => {
        for (const namespace of namespaces) await readSpace(namespace);
      });
      replacing = reading.catch(() => undefined);
      return reading;
    },
    get: record,
    validate: (text) => mistakesOf(text, deps),
    test(namespace, task, { text, ...around }) {
      const table = text === undefined ? inForce(namespace).table : compile(text, deps);
      return (table ?? emptyTable(deps)).resolve(task, around);
    },
    replace(namespace, text, expectedRevision) {
      const replaced = replacing.then(async () => {
        const { revision } = inForce(namespace);
        if (file) throw new StemProblem({ reason: "ROUTING_FIXED", file: file.name });
        const table = compile(text, deps);
        if (revision !== expectedRevision)
          throw new StemProblem({ reason: "REVISION_CONFLICT", namespace, revision });
        const next = { revision: revision + 1, text };
        const before = writeKept({ revision, text: inForce(namespace).text });
        const kept = readKept(await store.swapMeta(routingKeyOf(namespace), before, writeKept(next)));
        if (kept.revision !== next.revision || kept.text !== text) {
          await readSpace(namespace);
          throw new StemProblem({ reason: "REVISION_CONFLICT", namespace, revision: kept.revision });
        }
        spaces.set(namespace, { ...next, table });
        return record(namespace);
      });
      replacing = replaced.catch(() => undefined);
      return replaced;
    },
  };
}

const nothingKept: KeptRouting = { revision: 0, text: "" };

type Compiling = Pick<RoutingDeps, "limits" | "defaults">;

/** The decision structure of a text; undefined for one that says nothing. Throws FIELD_INVALID for one that is wrong. */
function compile(text: string, deps: Compiling): RoutingTable | undefined {
  if (text.trim() === "") return undefined;
  const read = readRules(text, deps);
  if (read.kind === "rules") return createTable(read.rules, deps.defaults);
  const violations = read.mistakes.map((mistake) => ({ field: "config", description: sayMistake(mistake) }));
  throw new StemProblem({ reason: "FIELD_INVALID", violations });
}

function tableFrom(name: string, text: string, deps: Compiling): RoutingTable | undefined {
  const mistakes = mistakesOf(text, deps);
  if (mistakes.length > 0)
    throw new RoutingError(mistakes.map((mistake) => `${name}:${sayMistake(mistake)}`));
  return compile(text, deps);
}

function mistakesOf(text: string, deps: Compiling): readonly Mistake[] {
  const read = readRules(text, deps);
  return read.kind === "wrong" ? read.mistakes : [];
}

/** Such as `12:3: queues.mail.priority_range: must be …`. */
const sayMistake = ({ line, column, key, text }: Mistake): string =>
  `${line}:${column}: ${key === "" ? "" : `${key}: `}${text}`;

/** The rules of a namespace that has none. */
function emptyTable({ defaults }: Compiling): RoutingTable {
  const defaultQueue = queueNameOf(defaults.queue);
  const nothing = { aliases: new Map(), queues: new Map(), channels: new Map(), bindings: [], routes: [] };
  return createTable({ ...nothing, defaultQueue, isOpen: true, areChannelsOpen: true }, defaults);
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
