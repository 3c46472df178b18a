import type pg from "pg";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { LeaseTerms } from "../options.ts";
import type { Address } from "./address.ts";
import { connect } from "./connect.ts";
import { lockClassOf } from "./locks-of-store.ts";
import { textOf, unavailable } from "./problems.ts";
import { createSession, type Session } from "./session.ts";
import { type Tenure, takeOver } from "./takeover.ts";

/** A connection that writes, with what it has of the store. */
export type Connected = { readonly client: pg.Client; readonly db: Session; readonly tenure: Tenure };

export type ConnectionOptions = {
  readonly address: Address;
  readonly clock: Clock;
  readonly log: Log;
  readonly lease: LeaseTerms;
  /** Hears that it broke: what was remembered of its leases is worth nothing. */
  readonly onLost: () => void;
};

/** The connection that writes, made anew when it breaks, and then with a tenure of its own. */
export type Connection = {
  /** Whether there is one, as far as is known. */
  isThere(): boolean;
  /** The one there is, or a new one; throws when the database is not to be had. */
  ensure(): Promise<Connected>;
  /** It is not to be used any more. */
  lose(on: Connected, error: unknown): void;
  close(): Promise<void>;
};

/** After a failure to connect, the next try waits so long, twice as long each time. Calls that come meanwhile fail at once. */
const restMsMin = 50;
const restMsMax = 2000;

/** Makes one that is not there yet. */
export function createConnection({ address, clock, log, lease, onLost }: ConnectionOptions): Connection {
  const lockClass = lockClassOf(address.schema);
  let connected: Connected | undefined;
  let restMs = restMsMin;
  let restsUntil = 0;

  function drop(client: pg.Client, error: unknown): void {
    if (connected?.client !== client) return;
    connected = undefined;
    onLost();
    log.warn({ error: textOf(error) }, "the connection to the database that writes was lost");
  }

  async function begin(): Promise<Connected> {
    const client = await connect(address);
    client.on("error", (error) => drop(client, error));
    try {
      const db = createSession(client);
      return { client, db, tenure: await takeOver(db, { now: clock.now(), lease, lockClass }) };
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  return {
    isThere: () => connected !== undefined,
    async ensure() {
      if (connected !== undefined) return connected;
      if (performance.now() < restsUntil) throw unavailable();
      try {
        connected = await begin();
        restMs = restMsMin;
        return connected;
      } catch (error) {
        restsUntil = performance.now() + restMs;
        restMs = Math.min(restMs * 2, restMsMax);
        throw error;
      }
    },
    lose({ client }, error) {
      drop(client, error);
      client.end().catch(() => undefined);
    },
    async close() {
      const { client } = connected ?? {};
      connected = undefined;
      await client?.end();
    },
  };
}
