/**
 * What servers of one store tell each other: that tasks of a queue can be claimed. Only hints, gathered for a moment and sent behind the
 * commits: losing all of them costs whoever waits the time until it looks anyway.
 */

import type pg from "pg";
import { namespaceOf, queueNameOf } from "../../model/ids.ts";
import type { GateNews } from "../../ports/gate-store.ts";
import type { Log } from "../../ports/log.ts";
import type { Address } from "./address.ts";
import { connect } from "./connect.ts";
import type { QueueChange } from "./ledger.ts";
import { lockClassOf } from "./locks-of-store.ts";
import { textOf } from "./problems.ts";
import { type Session, statement } from "./session.ts";

export type Hints = {
  /** Tasks of these queues have become ready. */
  tell(ready: readonly QueueChange[]): void;
  close(): Promise<void>;
};

export type HintOptions = {
  readonly address: Address;
  readonly log: Log;
  /** Sends what there is to tell. */
  readonly db: Session;
  readonly onNews: (news: GateNews) => void;
};

/** So long hints are gathered before they are sent, and so long it rests after the connection that listens broke. */
const gatherMs = 20;
const restMs = 1000;
/** A notification has less than 8000 bytes; each queue takes some 350 at most. */
const queuesMax = 20;

const notify = statement("SELECT pg_notify($1, $2)");

/** Namespace, queue and how many. */
type Told = readonly [namespace: string, queue: string, count: number];
type Message = { readonly from: string; readonly ready: readonly Told[] };

/** Starts to listen, and to tell. `self` tells our own hints from others'. */
export function createHints({ address, log, db, onNews }: HintOptions, self: string): Hints {
  const channel = `stem_${lockClassOf(address.schema)}`;
  const gathered = new Map<string, Told>();
  let sending: NodeJS.Timeout | undefined;
  let resting: NodeJS.Timeout | undefined;
  let client: pg.Client | undefined;
  let isClosed = false;
  let listening = listen();

  async function listen(): Promise<void> {
    try {
      const made = await connect(address);
      client = made;
      made.on("error", () => lose(made));
      made.on("end", () => lose(made));
      made.on("notification", ({ payload }) => hear(payload ?? ""));
      await made.query(`LISTEN ${channel}`);
    } catch (error) {
      log.debug({ error: textOf(error) }, "hints of other servers are not heard for now");
      lose(client);
    }
  }

  function lose(which: pg.Client | undefined): void {
    if (which !== client || isClosed || resting !== undefined) return;
    client = undefined;
    which?.end().catch(() => undefined);
    resting = setTimeout(() => {
      resting = undefined;
      if (!isClosed) listening = listen();
    }, restMs).unref();
  }

  function hear(payload: string): void {
    const { from, ready } = JSON.parse(payload) as Message;
    if (from === self) return;
    const opened = ready.map(([namespace, queue, count]) => ({
      queue: { namespace: namespaceOf(namespace), queue: queueNameOf(queue) },
      count,
    }));
    onNews({ opened, wakeAt: undefined });
  }

  function send(): void {
    sending = undefined;
    const all = [...gathered.values()];
    gathered.clear();
    for (let at = 0; at < all.length; at += queuesMax) {
      const message: Message = { from: self, ready: all.slice(at, at + queuesMax) };
      db.rows(notify, channel, JSON.stringify(message)).catch((error: unknown) =>
        log.debug({ error: textOf(error) }, "a hint was lost"),
      );
    }
  }

  return {
    tell(ready) {
      for (const { queue, by } of ready) {
        const { namespace, name } = queue;
        const key = `${namespace} ${name}`;
        gathered.set(key, [namespace, name, by + (gathered.get(key)?.[2] ?? 0)]);
      }
      if (gathered.size > 0 && !isClosed) sending ??= setTimeout(send, gatherMs).unref();
    },
    async close() {
      isClosed = true;
      clearTimeout(sending);
      clearTimeout(resting);
      await listening;
      await client?.end();
    },
  };
}
