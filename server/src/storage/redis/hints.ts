/**
 * What servers of one store tell each other: that tasks of a queue can be claimed, that a task changed or is to stop, that an event was
 * made known, that something which all keep in memory may be otherwise. Only hints, gathered for a moment and sent behind the scripts that
 * made them so: losing all of them costs whoever waits the time until it looks anyway. A server that is alone tells little.
 */

import { randomUUID } from "node:crypto";
import { Cluster } from "ioredis";
import { namespaceOf, type QueueRef, queueNameOf, type TaskRef, taskIdOf } from "../../model/ids.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import type { Log } from "../../ports/log.ts";
import type { OthersNews } from "../../ports/others-news.ts";
import type { Client } from "./connect.ts";
import { textOf as textOfError } from "./problems.ts";

/** One thing that is told: of a queue, of a task, or ("rules") of what all keep in memory. */
export type Hint =
  | readonly [kind: "ready", namespace: string, queue: string, count: number]
  | readonly [kind: "changed" | "cancelled", namespace: string, id: string]
  | readonly [kind: "emitted", namespace: string, queue: string]
  | readonly [kind: "rules", none: string, nothing: string];

export type Hints = {
  tell(hints: Iterable<Hint>): void;
  close(): void;
};

/** Who hears what others tell. */
export type Hearers = {
  news: (news: GateNews) => void;
  others: (news: Omit<OthersNews, "isReread">) => void;
  rules: () => void;
};

export type HintOptions = {
  readonly client: Client;
  /** A connection of its own, which does nothing but listen. */
  readonly listener: Client;
  readonly prefix: string;
  readonly log: Log;
  readonly hearers: Hearers;
};

/** So long hints are gathered before they are sent. */
const gatherMs = 20;
/** So many are gathered, of tasks that changed; beyond that nothing is told. And so many are in a message. */
const hintsMax = 20_000;
const messageHintsMax = 1000;

type Message = { readonly from: string; readonly hints: readonly Hint[] };

/** Starts to listen, and to tell. The client listens again by itself when its connection broke. */
export function createHints({ client, listener, prefix, log, hearers }: HintOptions): Hints {
  const self = randomUUID();
  const channel = `{${prefix}}:hints`;
  let gathered = new Map<string, Hint>();
  // A node of a cluster counts only those who listen there.
  let isAlone = false;
  let sending: NodeJS.Timeout | undefined;
  let isClosed = false;

  listener.on("message", (_, text) => hear(String(text)));
  // Whoever was alone learns that somebody listens.
  listener
    .subscribe(channel)
    .then(() => publish([]))
    .catch(miss);

  function miss(error: unknown): void {
    log.debug({ error: textOfError(error) }, "hints between servers are missed for now");
  }

  function hear(text: string): void {
    const { from, hints } = JSON.parse(text) as Message;
    if (from === self || isClosed) return;
    isAlone = false;
    const { opened, others, isRules } = read(hints);
    if (opened.length > 0) hearers.news({ opened, wakeAt: undefined });
    if (others.changed.length + others.cancelled.length + others.emitted.length > 0) hearers.others(others);
    if (isRules) hearers.rules();
  }

  function put(hint: Hint): void {
    const [kind, namespace, name, count = 0] = hint;
    if (kind === "changed" && (isAlone || gathered.size >= hintsMax)) return;
    const key = `${kind} ${namespace} ${name}`;
    const before = gathered.get(key)?.[3] ?? 0;
    gathered.set(key, kind === "ready" ? [kind, namespace, name, count + before] : hint);
  }

  async function publish(hints: readonly Hint[]): Promise<void> {
    const message: Message = { from: self, hints };
    const heard = await client.publish(channel, JSON.stringify(message));
    // One who hears it is ourselves.
    isAlone = !(client instanceof Cluster) && heard <= 1;
  }

  function send(): void {
    sending = undefined;
    // What waits least comes first.
    const all = [...gathered.values()].sort(([a], [b]) => Number(a === "changed") - Number(b === "changed"));
    gathered = new Map();
    for (let from = 0; from < all.length; from += messageHintsMax)
      publish(all.slice(from, from + messageHintsMax)).catch(miss);
  }

  return {
    tell(hints) {
      if (isClosed) return;
      for (const hint of hints) put(hint);
      if (gathered.size > 0) sending ??= setTimeout(send, gatherMs).unref();
    },
    close() {
      isClosed = true;
      clearTimeout(sending);
      listener.disconnect();
    },
  };
}

/** What some hints mean for whoever hands out tasks, for whoever waits for them, and for what is kept in memory. */
function read(hints: readonly Hint[]) {
  const opened: { readonly queue: QueueRef; readonly count: number }[] = [];
  const others = { changed: [] as TaskRef[], cancelled: [] as TaskRef[], emitted: [] as QueueRef[] };
  for (const [kind, space, name, count = 1] of hints) {
    if (kind === "rules") continue;
    const namespace = namespaceOf(space);
    const queue = { namespace, queue: queueNameOf(name) };
    if (kind === "ready") opened.push({ queue, count });
    else if (kind === "emitted") others.emitted.push(queue);
    else others[kind].push({ namespace, id: taskIdOf(name) });
  }
  return { opened, others, isRules: hints.some(([kind]) => kind === "rules") };
}
