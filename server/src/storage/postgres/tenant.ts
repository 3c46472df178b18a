import type { QueueCreation } from "../../model/namespace.ts";
import type { Durability } from "../../ports/store.ts";
import type { StoreOptions } from "../options.ts";
import type { Address } from "./address.ts";
import { type Connected, createConnection } from "./connection.ts";
import { lockClassOf, regimeLock } from "./locks-of-store.ts";
import { outcomeOf } from "./outcome.ts";
import { Conflict, faultOf } from "./problems.ts";
import { createQueueRegistry } from "./queue-registry.ts";
import { loadRules, type Rules } from "./rules.ts";
import type { Tenure } from "./takeover.ts";
import { type Brought, createWork, type Work } from "./work.ts";

export type TenantOptions = Pick<StoreOptions, "clock" | "log" | "limits" | "lease"> & {
  readonly address: Address;
  readonly durability: Exclude<Durability, "none">;
  /** Shared with the server's other tenants: one settles what another has claimed. */
  readonly leases: Work["leases"];
  /** Hears after each commit what it brought that others may wait for. */
  readonly onCommit: (brought: Brought) => void;
  /** Hears that rules are others than they were: what else is kept in memory may be otherwise, too. */
  readonly onRules: () => void;
};

/** How a transaction is run. */
export type Terms = {
  /** Whether what it writes has to be on the disk when it is answered. */
  readonly isDurable: boolean;
  /** Nothing else writes meanwhile, on no server. */
  readonly isAlone: boolean;
  /** Whether it is known that something will be written. */
  readonly isWriting: boolean;
};

/** The connection that writes: made anew when it breaks, and then with a tenure of its own. */
export type Tenant = {
  /** Connects now; throws when the database is not to be had. */
  open(): Promise<Tenure>;
  /** Runs one transaction. It rejects with what Postgres said; whether it was stored is then known, but for a lost answer to COMMIT. */
  transact<A>(options: Terms, run: (work: Work) => Promise<A>): Promise<A>;
  /** How queues come into being from here on where their namespace says nothing. */
  setQueueCreation(creation: QueueCreation): void;
  close(): Promise<void>;
};

type Asked<A> = {
  readonly terms: Terms;
  readonly run: (work: Work) => Promise<A>;
  readonly stage: Stage<A>;
};

/** What of a transaction is at COMMIT: from then on it may have been stored, whatever is heard of it. */
type Stage<A> = {
  committing?: { readonly answer: A; readonly brought: Brought; readonly proof: Buffer | undefined };
};

/** Makes a tenant that is not connected yet. */
export function createTenant(options: TenantOptions): Tenant {
  const { address, clock, limits, durability, leases, onCommit, onRules } = options;
  const lockClass = lockClassOf(address.schema);
  const queues = createQueueRegistry();
  const connection = createConnection({ ...options, onLost: leases.clear });
  let rules: Rules | undefined;
  let queueCreation: QueueCreation = "on_use";

  /** Undoes what was begun, and forgets what was remembered of it. */
  async function undo(on: Connected, error: unknown): Promise<void> {
    queues.forget();
    leases.clear();
    if (faultOf(error) === "unavailable") connection.lose(on, error);
    else await on.client.query("ROLLBACK").catch((failed: unknown) => connection.lose(on, failed));
  }

  /** The verbs went by rules that are remembered. Where they are others by now, nothing of it holds. */
  async function expectRules(begun: Promise<unknown>, used: Rules): Promise<void> {
    if (rulesOf(await begun) === used.version) return;
    rules = undefined;
    throw new Conflict("the rules were changed");
  }

  async function transactOn<A>(on: Connected, asked: Asked<A>): Promise<A> {
    const { terms, run, stage } = asked;
    // Not waited for: what comes behind it is on its way already when it is answered.
    const begun = on.client.query(beginning(terms, lockClass, durability));
    begun.catch(() => undefined);
    const isKnown = rules !== undefined;
    rules ??= await loadRules(on.db, rulesOf(await begun));
    if (!isKnown) onRules();
    const used = rules;
    const shared = { clock, queueCreation, limits, lockClass, queues, leases };
    const work = createWork({ ...shared, ...on.tenure, db: on.db, rules: used });
    const answer = await run(work).catch(async (error: unknown) => {
      // Whoever goes by old rules may stumble.
      await expectRules(begun, used);
      throw error;
    });
    await expectRules(begun, used);
    const { written, proof, ...others } = await work.finish();
    // Whoever commits has to know by what number to ask for the outcome. Where it is known already, the end goes out at once.
    const xid = xidOf(await begun) ?? work.numbering.xid ?? (await written);
    const brought = { ...others, xid };
    stage.committing = { answer, brought, proof };
    const [{ command }] = await Promise.all([on.client.query("COMMIT"), written]);
    if (command !== "COMMIT") throw new Error(`a transaction ended with ${command}`);
    onCommit(brought);
    return answer;
  }

  return {
    async open() {
      return (await connection.ensure()).tenure;
    },
    async transact(terms, run) {
      // A connection may have broken unnoticed while nothing was asked. That shows before anything was stored, and is worth one more try.
      for (let isFresh = !connection.isThere(); ; isFresh = true) {
        const on = await connection.ensure();
        const stage: Stage<Awaited<ReturnType<typeof run>>> = {};
        try {
          return await transactOn(on, { terms, run, stage });
        } catch (error) {
          await undo(on, error);
          const isGone = faultOf(error) === "unavailable";
          const { committing } = stage;
          const outcome =
            isGone && committing
              ? await outcomeOf(connection, committing.brought.xid, committing.proof)
              : "aborted";
          if (committing !== undefined && outcome === "committed") {
            onCommit(committing.brought);
            return committing.answer;
          }
          if (!isGone || isFresh || outcome === "unknown") throw error;
        }
      }
    },
    setQueueCreation(creation) {
      queueCreation = creation;
    },
    close: connection.close,
  };
}

function beginning(
  { isDurable, isAlone, isWriting }: Terms,
  lockClass: number,
  durability: TenantOptions["durability"],
): string {
  const isSynced = isDurable && durability === "disk";
  const lock = isAlone ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared";
  const number = isWriting ? ", pg_current_xact_id()::text AS xid" : "";
  return `BEGIN; SET LOCAL synchronous_commit = ${isSynced ? "on" : "off"};
    SELECT ${lock}(${lockClass}, ${regimeLock}); SELECT rules${number} FROM store`;
}

/** What the last statement of the beginning answered. */
type Begun = { readonly rules: number; readonly xid?: string };

const begunOf = (results: unknown): Begun | undefined =>
  (results as readonly { readonly rows: readonly Begun[] }[]).at(-1)?.rows[0];
const rulesOf = (results: unknown): number => begunOf(results)?.rules ?? 0;
const xidOf = (results: unknown): string | undefined => begunOf(results)?.xid;
