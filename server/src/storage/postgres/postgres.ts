/**
 * The store that several servers share: a schema of a Postgres database. What writes goes one after the other through one connection
 * of each server, grouped into transactions (lane.ts), and claims through another beside it (lanes.ts); what reads goes through others. Read on in migrations/0001-initial.ts (what is
 * kept), work.ts (what a transaction is), accept.ts, claim.ts and settle.ts (the verbs), gates.ts (limits, exactly, over servers).
 */

import { shownUrl } from "../../lib/shown-url.ts";
import type { Store } from "../../ports/store.ts";
import type { StoreOptions } from "../options.ts";
import { createLeaseCache } from "../sql/lease-cache.ts";
import { acceptOwed } from "./accept-owed.ts";
import { type Address, readAddress } from "./address.ts";
import type { Asking } from "./asking.ts";
import { createReaders, inSnapshot } from "./connect.ts";
import { createHints, type Hints } from "./hints.ts";
import { createLanes } from "./lanes.ts";
import { prepare } from "./prepare.ts";
import { faultOf, problemOf, textOf, unavailable } from "./problems.ts";
import { createSession, type Session } from "./session.ts";
import { createHearers, createSharedStore } from "./shared.ts";
import { createTenant, type TenantOptions } from "./tenant.ts";
import { createVerbs } from "./verbs.ts";

/** How a shared store is opened: it is never beyond trust, for who writes asks again, so there is nothing fatal to tell. */
type PostgresOptions = Omit<StoreOptions, "onFatal">;

/** Opens the store of a URL; its schema is made where there is none. Throws, saying why, when it cannot keep its promises. */
export async function openPostgresStore(url: string, options: PostgresOptions): Promise<Store> {
  try {
    return await openAt(readAddress(url), options);
  } catch (error) {
    throw new Error(`the store ${shownUrl(url)} cannot be opened: ${textOf(error)}`, { cause: error });
  }
}

async function openAt(address: Address, options: PostgresOptions): Promise<Store> {
  const { log, durability = "disk" } = options;
  await prepare(address, { now: options.clock.now(), durability });
  const hearers = createHearers();
  const readers = createReaders(address, (error) =>
    log.warn({ error: textOf(error) }, "a connection to the database that reads was lost"),
  );
  const db = createSession(readers);
  const tenancy: TenantOptions = {
    ...options,
    address,
    durability,
    leases: createLeaseCache(),
    onCommit(brought) {
      hints?.tell(brought);
      if (brought.news !== undefined) hearers.news(brought.news);
    },
    onRules: () => hearers.others({ changed: [], cancelled: [], emitted: [], isReread: true }),
  };
  const tenant = createTenant(tenancy);
  // Connected when there is something to claim first.
  const claiming = createTenant(tenancy);
  const lane = createLanes({ tenant, claiming, afterVerb: acceptOwed });
  let hints: Hints | undefined;
  let closed: Promise<void> | undefined;
  async function read<A>(run: (db: Session) => Promise<A>): Promise<A> {
    if (closed !== undefined) throw unavailable();
    try {
      // A connection may have broken unnoticed while nothing was asked; to read again harms nothing.
      return await run(db).catch((error: unknown) => {
        if (faultOf(error) !== "unavailable") throw error;
        return run(db);
      });
    } catch (error) {
      throw problemOf(error);
    }
  }
  const asking: Asking = { lane, read, snapshot: (run) => read(() => inSnapshot(readers, run)) };
  try {
    const { epoch } = await tenant.open();
    // No two connections that write have the same.
    hints = createHints({ address, log, db, hearers }, String(epoch));
  } catch (error) {
    await readers.end();
    throw error;
  }
  return {
    kind: "postgres",
    durability,
    ...createVerbs({
      asking,
      tenant: {
        setQueueCreation(creation) {
          for (const each of [tenant, claiming]) each.setQueueCreation(creation);
        },
      },
      listen(listener) {
        hearers.news = listener;
      },
    }),
    ...createSharedStore(lane, hearers),
    close() {
      closed ??= lane
        .close()
        .finally(() => hints?.close())
        .finally(() => readers.end());
      return closed;
    },
  };
}
