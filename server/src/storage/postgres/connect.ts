import pg, { type ClientConfig } from "pg";
import type { Address } from "./address.ts";
import { createSession, type Session, types } from "./session.ts";

/** How long a connection may take to come about. */
const connectMs = 5000;
/** What the other side of a connection that is not answered any more is given, before it counts as lost. */
const silentMs = 15_000;

/**
 * What holds for every connection. Plans are made once for any values, and by indexes: statistics of tables that fill and empty within
 * minutes say nothing. Whoever falls silent within a transaction loses it, so that a server that hangs does not hold up the others.
 */
const settings = (schema: string): string => `
  SET search_path TO ${schema};
  SET plan_cache_mode = force_generic_plan;
  SET enable_seqscan = off;
  SET jit = off;
  SET lock_timeout = '10s';
  SET statement_timeout = '30s';
  SET idle_in_transaction_session_timeout = '20s';
  SET client_min_messages = warning`;

const configOf = ({ client }: Address): ClientConfig => ({
  ...client,
  types,
  application_name: "stem",
  connectionTimeoutMillis: connectMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: silentMs,
});

/** A connection may break while nobody asks anything of it, and before its user listens: whoever asks next hears of it. */
const heardElsewhere = (): void => undefined;

/** Connects once. Statements that are sent while others run are not held back until those are answered. */
export async function connect(address: Address): Promise<pg.Client> {
  const client = new pg.Client({ ...configOf(address), pipeline: true } as ClientConfig);
  client.on("error", heardElsewhere);
  try {
    await client.connect();
    await client.query(settings(address.schema));
    return client;
  } catch (error) {
    // It may have connected, and then failed.
    client.end().catch(() => undefined);
    throw error;
  }
}

/** Makes the connections that read, each when it is first needed. One that breaks is replaced; `onLost` hears why. */
export function createReaders(address: Address, onLost: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    ...configOf(address),
    max: address.readers,
    idleTimeoutMillis: 30_000,
    onConnect: async (client: pg.ClientBase) => {
      // They write nothing but hints.
      await client.query(`${settings(address.schema)}; SET synchronous_commit = off`);
    },
  } as pg.PoolConfig);
  pool.on("error", onLost);
  pool.on("connect", (client) => client.on("error", heardElsewhere));
  return pool;
}

/** Runs reads that see one moment, on one of those connections. */
export async function inSnapshot<A>(readers: pg.Pool, run: (db: Session) => Promise<A>): Promise<A> {
  const client = await readers.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const answer = await run(createSession(client));
    await client.query("COMMIT");
    client.release();
    return answer;
  } catch (error) {
    // It may still be in the transaction: another is made in its place.
    client.release(true);
    throw error;
  }
}
