/**
 * What servers of one store tell each other (storage/hints.ts), over LISTEN and NOTIFY. A server that hears of no other tells nothing.
 */

import type pg from "pg";
import type { Log } from "../../ports/log.ts";
import { createGathering, newsOf } from "../hints.ts";
import type { Address } from "./address.ts";
import { connect } from "./connect.ts";
import { type Hint, type Message, packHints } from "./hint-messages.ts";
import { lockClassOf } from "./locks-of-store.ts";
import { textOf } from "./problems.ts";
import { type Session, statement } from "./session.ts";
import type { Hearers } from "./shared.ts";
import type { Brought } from "./work.ts";

export type Hints = {
  /** A transaction was committed. */
  tell(brought: Brought): void;
  close(): Promise<void>;
};

export type HintOptions = {
  readonly address: Address;
  readonly log: Log;
  /** Sends what there is to tell. */
  readonly db: Session;
  readonly hearers: Hearers;
};

/** So long it rests after the connection that listens broke. */
const restMs = 1000;
/** How often a server says that it is there, and after what silence the others count as gone. */
const presentMs = 20_000;
const silentMs = 70_000;

const notify = statement("SELECT pg_notify($1, $2)");

/** Starts to listen, and to tell. `self` tells our own hints from others'. */
export function createHints({ address, log, db, hearers }: HintOptions, self: string): Hints {
  const channel = `stem_${lockClassOf(address.schema)}`;
  const gathering = createGathering<Hint>((hints) => {
    for (const message of packHints(self, hints)) sendText(message);
  });
  let heardAt = Number.NEGATIVE_INFINITY;
  let resting: NodeJS.Timeout | undefined;
  let client: pg.Client | undefined;
  let isClosed = false;
  let listening = listen();
  const present = setInterval(() => sendText(textOfPresence(false)), presentMs).unref();

  const isAlone = (): boolean => performance.now() - heardAt > silentMs;
  const textOfPresence = (isNew: boolean): string =>
    JSON.stringify({ from: self, isNew, hints: [] } satisfies Message);

  async function listen(): Promise<void> {
    try {
      const made = await connect(address);
      client = made;
      made.on("error", () => lose(made));
      made.on("end", () => lose(made));
      made.on("notification", ({ payload }) => hear(payload ?? ""));
      await made.query(`LISTEN ${channel}`);
      sendText(textOfPresence(true));
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
    const { from, isNew, hints } = JSON.parse(payload) as Message;
    if (from === self) return;
    if (hints.some(([kind]) => kind === "inbox")) {
      hearers.inbox();
      return;
    }
    heardAt = performance.now();
    if (isNew) sendText(textOfPresence(false));
    if (hints.length === 0) return;
    const { opened, others } = newsOf(hints);
    if (opened.length > 0) hearers.news({ opened, wakeAt: undefined });
    hearers.others({ ...others, isReread: false });
  }

  function sendText(text: string): void {
    if (isClosed) return;
    db.rows(notify, channel, text).catch((error: unknown) =>
      log.debug({ error: textOf(error) }, "a hint was lost"),
    );
  }

  return {
    tell({ ready, told }) {
      if (isClosed || isAlone()) return;
      for (const { queue, by } of ready) gathering.put(["ready", queue.namespace, queue.name, by]);
      for (const { namespace, id } of told.cancelled) gathering.put(["cancelled", namespace, id]);
      for (const { namespace, queue } of told.emitted) gathering.put(["emitted", namespace, queue]);
      for (const { namespace, id } of told.changed) gathering.put(["changed", namespace, id]);
    },
    async close() {
      isClosed = true;
      clearInterval(present);
      gathering.close();
      clearTimeout(resting);
      await listening;
      await client?.end();
    },
  };
}
