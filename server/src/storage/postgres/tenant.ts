import type pg from "pg";
import type { Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Durability } from "../../ports/store.ts";
import type { Address } from "./address.ts";
import { connect } from "./connect.ts";
import { createLeases } from "./leases.ts";
import { lockClassOf, regimeLock } from "./locks-of-store.ts";
import { Conflict, faultOf, textOf, unavailable } from "./problems.ts";
import { createQueueRegistry } from "./queue-registry.ts";
import { loadRules, type Rules } from "./rules.ts";
import { createSession, type Session } from "./session.ts";
import { type Tenure, takeOver } from "./takeover.ts";
import { type Brought, createWork, type Work } from "./work.ts";

export type TenantOptions = {
  readonly address: Address;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly lease: { readonly leaseMs: number; readonly graceMs: number };
  readonly durability: Exclude<Durability, "none">;
  /** Hears after each commit what it brought that others may wait for. */
  readonly onCommit: (brought: Brought) => void;
};

/** How a transaction is run. */
export type Terms = {
  /** Whether what it writes has to be on the disk when it is answered. */
  readonly isDurable: boolean;
  /** Nothing else writes meanwhile, on no server. */
  readonly isAlone: boolean;
};

/** The connection that writes: made anew when it breaks, and then with a tenure of its own. */
export type Tenant = {
  /** Connects now; throws when the database is not to be had. */
  open(): Promise<Tenure>;
  /** Runs one transaction. It rejects with what Postgres said; whether it was stored is then known, but for a lost answer to COMMIT. */
  transact<A>(options: Terms, run: (work: Work) => Promise<A>): Promise<A>;
  close(): Promise<void>;
};

type Asked<A> = {
  readonly terms: Terms;
  readonly run: (work: Work) => Promise<A>;
  /** From when on it may have been stored, whatever is heard of it. */
  readonly stage: { isCommitting: boolean };
};

type Connected = { readonly client: pg.Client; readonly db: Session; readonly tenure: Tenure };

/** After a failure to connect, the next try waits so long, twice as long each time. Calls that come meanwhile fail at once. */
const restMsMin = 50;
const restMsMax = 2000;

/** Makes a tenant that is not connected yet. */
export function createTenant(options: TenantOptions): Tenant {
  const { address, clock, log, limits, lease, durability, onCommit } = options;
  const lockClass = lockClassOf(address.schema);
  const queues = createQueueRegistry();
  const leases = createLeases();
  let connected: Connected | undefined;
  let rules: Rules | undefined;
  let restMs = restMsMin;
  let restsUntil = 0;

  function lose(error: Error, client: pg.Client): void {
    if (connected?.client !== client) return;
    connected = undefined;
    leases.clear();
    log.warn({ error: textOf(error) }, "the connection to the database that writes was lost");
  }

  async function begin(): Promise<Connected> {
    const client = await connect(address);
    client.on("error", (error) => lose(error, client));
    try {
      const db = createSession(client);
      return { client, db, tenure: await takeOver(db, { now: clock.now(), lease, lockClass }) };
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  async function ensure(): Promise<Connected> {
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
  }

  /** Undoes what was begun, and forgets what was remembered of it. */
  async function undo({ client }: Connected, error: unknown): Promise<void> {
    queues.forget();
    leases.clear();
    if (faultOf(error) === "unavailable") lose(error as Error, client);
    await client.query("ROLLBACK").catch((failed: Error) => lose(failed, client));
    if (connected?.client !== client) client.end().catch(() => undefined);
  }

  const beginning = ({ isDurable, isAlone }: Terms): string => {
    const isSynced = isDurable && durability === "disk";
    const lock = isAlone ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared";
    return `BEGIN; SET LOCAL synchronous_commit = ${isSynced ? "on" : "off"};
      SELECT ${lock}(${lockClass}, ${regimeLock}); SELECT rules FROM store`;
  };

  async function transactOn<A>(on: Connected, asked: Asked<A>): Promise<A> {
    const { terms, run, stage } = asked;
    // Not waited for: what comes behind it is on its way already when it is answered.
    const begun = on.client.query(beginning(terms));
    begun.catch(() => undefined);
    rules ??= await loadRules(on.db, rulesOf(await begun));
    const used = rules;
    const work = createWork({
      clock,
      db: on.db,
      limits,
      lockClass,
      ...on.tenure,
      queues,
      leases,
      rules: used,
    });
    const answer = await run(work);
    // The verbs went by rules that are remembered. Where they are others by now, nothing of it holds.
    if (rulesOf(await begun) !== used.version) {
      rules = undefined;
      throw new Conflict("the rules were changed");
    }
    const brought = await work.finish();
    stage.isCommitting = true;
    const { command } = await on.client.query("COMMIT");
    if (command !== "COMMIT") throw new Error(`a transaction ended with ${command}`);
    onCommit(brought);
    return answer;
  }

  return {
    async open() {
      return (await ensure()).tenure;
    },
    async transact(terms, run) {
      // A connection may have broken unnoticed while nothing was asked. That shows before anything was stored, and is worth one more try.
      for (let isFresh = connected === undefined; ; isFresh = true) {
        const on = await ensure();
        const stage = { isCommitting: false };
        try {
          return await transactOn(on, { terms, run, stage });
        } catch (error) {
          await undo(on, error);
          const isGone = faultOf(error) === "unavailable";
          if (!isGone || isFresh || stage.isCommitting) throw error;
        }
      }
    },
    async close() {
      const { client } = connected ?? {};
      connected = undefined;
      await client?.end();
    },
  };
}

/** What the last statement of the beginning answered. */
function rulesOf(results: unknown): number {
  const last = (results as readonly { readonly rows: readonly { readonly rules: number }[] }[]).at(-1);
  return last?.rows[0]?.rules ?? 0;
}
