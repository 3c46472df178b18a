import { shownUrl } from "../../lib/shown-url.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { aheadOf, openClockOf, type StoreClock } from "../store-clock.ts";
import { readAddress } from "./address.ts";
import { connect } from "./connect.ts";
import { textOf } from "./problems.ts";
import { createSession, type Session, statement } from "./session.ts";

const selectNow = statement<[number]>("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8");

/** Opens the clock of a store's database. Throws when it cannot be asked; later failures leave it as it is. */
export async function openDatabaseClock(url: string, base: Clock, log: Log): Promise<StoreClock> {
  const address = readAddress(url);
  return openClockOf({
    ...{ base, log, shown: shownUrl(url), name: "the database", textOf },
    open: async () => ({
      // A connection for each time, so that none is kept only for that.
      async compare() {
        const client = await connect(address);
        try {
          const db = createSession(client);
          return await aheadOf(base, () => timeOf(db));
        } finally {
          await client.end();
        }
      },
      close: () => undefined,
    }),
  });
}

async function timeOf(db: Session): Promise<number> {
  const [row] = await db.rows(selectNow);
  if (row === undefined) throw new Error("the database told no time");
  return row[0];
}
