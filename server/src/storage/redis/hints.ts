/**
 * What servers of one store tell each other (storage/hints.ts), and that something which all keep in memory may be otherwise, over a
 * channel of Redis. A server that is alone tells little.
 */

import { randomUUID } from "node:crypto";
import { Cluster } from "ioredis";
import type { TaskRef } from "../../model/ids.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import type { Log } from "../../ports/log.ts";
import type { OthersNews } from "../../ports/others-news.ts";
import { type BareHint, createGathering, newsOf, type TaskHint } from "../hints.ts";
import type { Client } from "./connect.ts";
import { textOf as textOfError } from "./problems.ts";

/** One thing that is told; "rules": of what all keep in memory. */
export type Hint = TaskHint | BareHint<"rules">;

export type Hints = {
  tell(hints: Iterable<Hint>): void;
  /** Tells that tasks changed. Which ones is not asked where nobody hears it: there are two for every task that runs. */
  tellChanged(tasks: () => readonly TaskRef[]): void;
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

/** So many are in a message. */
const messageHintsMax = 1000;

type Message = { readonly from: string; readonly hints: readonly Hint[] };

/** Starts to listen, and to tell. The client listens again by itself when its connection broke. */
export function createHints({ client, listener, prefix, log, hearers }: HintOptions): Hints {
  const self = randomUUID();
  const channel = `{${prefix}}:hints`;
  const gathering = createGathering<Hint>((hints) => {
    for (let from = 0; from < hints.length; from += messageHintsMax)
      publish(hints.slice(from, from + messageHintsMax)).catch(miss);
  });
  // A node of a cluster counts only those who listen there.
  let isAlone = false;
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
    const { opened, others } = newsOf(hints);
    if (opened.length > 0) hearers.news({ opened, wakeAt: undefined });
    if (others.changed.length + others.cancelled.length + others.emitted.length > 0) hearers.others(others);
    if (hints.some(([kind]) => kind === "rules")) hearers.rules();
  }

  async function publish(hints: readonly Hint[]): Promise<void> {
    const message: Message = { from: self, hints };
    const heard = await client.publish(channel, JSON.stringify(message));
    // One who hears it is ourselves.
    isAlone = !(client instanceof Cluster) && heard <= 1;
  }

  return {
    tell(hints) {
      for (const hint of hints) gathering.put(hint);
    },
    tellChanged(tasks) {
      if (isAlone) return;
      for (const { namespace, id } of tasks()) gathering.put(["changed", namespace, id]);
    },
    close() {
      isClosed = true;
      gathering.close();
      listener.disconnect();
    },
  };
}
