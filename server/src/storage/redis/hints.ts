/**
 * What servers of one store tell each other: that tasks of a queue can be claimed. Only hints, gathered for a moment and sent behind the
 * scripts that made them so: losing all of them costs whoever waits the time until it looks anyway.
 */

import { randomUUID } from "node:crypto";
import { type Namespace, namespaceOf, queueNameOf } from "../../model/ids.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import type { Log } from "../../ports/log.ts";
import type { Client } from "./connect.ts";
import type { Unpacked } from "./msgpack.ts";
import { textOf as textOfError } from "./problems.ts";
import { listOf, numberOf, textOf } from "./unpacked.ts";

export type Hints = {
  /** Tasks of these queues have become ready. */
  tell(namespace: Namespace, ready: Unpacked): void;
  close(): void;
};

export type HintOptions = {
  readonly client: Client;
  /** A connection of its own, which does nothing but listen. */
  readonly listener: Client;
  readonly prefix: string;
  readonly log: Log;
  readonly onNews: (news: GateNews) => void;
};

/** So long hints are gathered before they are sent. */
const gatherMs = 20;

/** Namespace, queue and how many. */
type Told = readonly [namespace: string, queue: string, count: number];
type Message = { readonly from: string; readonly ready: readonly Told[] };

/** Starts to listen, and to tell. The client listens again by itself when its connection broke. */
export function createHints({ client, listener, prefix, log, onNews }: HintOptions): Hints {
  const self = randomUUID();
  const channel = `{${prefix}}:hints`;
  const gathered = new Map<string, Told>();
  let sending: NodeJS.Timeout | undefined;
  let isClosed = false;

  listener.on("message", (_, text) => hear(String(text)));
  listener.subscribe(channel).catch(miss);

  function miss(error: unknown): void {
    log.debug({ error: textOfError(error) }, "hints between servers are missed for now");
  }

  function hear(text: string): void {
    const { from, ready } = JSON.parse(text) as Message;
    if (from === self || isClosed) return;
    const opened = ready.map(([namespace, queue, count]) => ({
      queue: { namespace: namespaceOf(namespace), queue: queueNameOf(queue) },
      count,
    }));
    onNews({ opened, wakeAt: undefined });
  }

  function send(): void {
    sending = undefined;
    const message: Message = { from: self, ready: [...gathered.values()] };
    gathered.clear();
    client.publish(channel, JSON.stringify(message)).catch(miss);
  }

  return {
    tell(namespace, ready) {
      for (const pair of listOf(ready)) {
        const [name, count] = listOf(pair);
        const queue = textOf(name);
        const key = `${namespace} ${queue}`;
        gathered.set(key, [namespace, queue, numberOf(count) + (gathered.get(key)?.[2] ?? 0)]);
      }
      if (!isClosed) sending ??= setTimeout(send, gatherMs).unref();
    },
    close() {
      isClosed = true;
      clearTimeout(sending);
      listener.disconnect();
    },
  };
}
