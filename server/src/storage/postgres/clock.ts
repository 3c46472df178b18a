import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { readAddress, shownAddress } from "./address.ts";
import { connect } from "./connect.ts";
import { textOf } from "./problems.ts";
import { createSession, type Session, statement } from "./session.ts";

/** The time of a database, as servers that share it count it. */
export type DatabaseClock = { readonly clock: Clock; close(): void };

const selectNow = statement<[number]>("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8");

/** How often it is compared again, of how many answers the quickest counts, and from what on a jump is told. */
const compareMs = 30_000;
const looksMax = 3;
const jumpMs = 1000;

/** Opens the clock of a store's database. Throws when it cannot be asked; later failures leave it as it is. */
export async function openDatabaseClock(url: string, base: Clock, log: Log): Promise<DatabaseClock> {
  const address = readAddress(url);
  let aheadMs = await ask().catch((error: unknown) => {
    throw new Error(`the store ${shownAddress(url)} cannot be asked for the time: ${textOf(error)}`, {
      cause: error,
    });
  });
  let newest = 0;
  let isClosed = false;
  let cancel = base.after(compareMs, compareAgain);

  async function ask(): Promise<number> {
    const client = await connect(address);
    try {
      return await compare(createSession(client), base);
    } finally {
      await client.end();
    }
  }

  function compareAgain(): void {
    ask()
      .then(
        (found) => {
          const byMs = found - aheadMs;
          if (Math.abs(byMs) > jumpMs) log.warn({ byMs }, "the clock of the database jumped against ours");
          aheadMs = found;
        },
        (error: unknown) => log.debug({ error: textOf(error) }, "the time of the database was not compared"),
      )
      .finally(() => {
        if (!isClosed) cancel = base.after(compareMs, compareAgain);
      })
      .catch(() => undefined);
  }

  return {
    clock: {
      // Where it was ahead, it stands still until the database has come there.
      now() {
        newest = Math.max(newest, Math.floor(base.now() + aheadMs));
        return newest as ReturnType<Clock["now"]>;
      },
      after: base.after,
    },
    close() {
      isClosed = true;
      cancel();
    },
  };
}

/** By how much the database is ahead of us, by the answer that came quickest, as if it had been given half-way. */
async function compare(db: Session, base: Clock): Promise<number> {
  let best = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
  for (let look = 1; look <= looksMax; look += 1) {
    const before = base.now();
    const [row] = await db.rows(selectNow);
    const after = base.now();
    const tookMs = after - before;
    if (row !== undefined && tookMs < best.tookMs) best = { tookMs, aheadMs: row[0] - (before + tookMs / 2) };
  }
  return best.aheadMs;
}
