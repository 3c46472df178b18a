import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { readAddress, shownAddress } from "./address.ts";
import { type Client, connect, mastersOf } from "./connect.ts";
import { textOf } from "./problems.ts";

/** The time of a Redis, as servers that share it count it. */
export type RedisClock = { readonly clock: Clock; close(): void };

/** How often it is compared again, of how many answers the quickest counts, and from what on a jump is told. */
const compareMs = 30_000;
const looksMax = 3;
const jumpMs = 1000;

/** Opens the clock of a store's Redis. Throws when it cannot be asked; later failures leave it as it is. */
export async function openRedisClock(url: string, base: Clock, log: Log): Promise<RedisClock> {
  const address = readAddress(url);
  let client: Client | undefined;
  let aheadMs = 0;
  try {
    client = await connect(address);
    aheadMs = await compare(client, base);
  } catch (error) {
    client?.disconnect();
    throw new Error(`the store ${shownAddress(url)} cannot be asked for the time: ${textOf(error)}`, {
      cause: error,
    });
  }
  const asked = client;
  let newest = 0;
  let isClosed = false;
  let cancel = base.after(compareMs, compareAgain);

  function compareAgain(): void {
    compare(asked, base)
      .then(
        (found) => {
          const byMs = found - aheadMs;
          if (Math.abs(byMs) > jumpMs) log.warn({ byMs }, "the clock of Redis jumped against ours");
          aheadMs = found;
        },
        (error: unknown) => log.debug({ error: textOf(error) }, "the time of Redis was not compared"),
      )
      .finally(() => {
        if (!isClosed) cancel = base.after(compareMs, compareAgain);
      });
  }

  return {
    clock: {
      // Where it was ahead, it stands still until Redis has come there.
      now() {
        newest = Math.max(newest, Math.floor(base.now() + aheadMs));
        return newest as ReturnType<Clock["now"]>;
      },
      after: base.after,
    },
    close() {
      isClosed = true;
      cancel();
      asked.disconnect();
    },
  };
}

/** By how much Redis is ahead of us, by the answer that came quickest, as if it had been given half-way. In a cluster the first master's. */
async function compare(client: Client, base: Clock): Promise<number> {
  const [master] = mastersOf(client);
  if (master === undefined) throw new Error("no master is there");
  let best = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
  for (let look = 1; look <= looksMax; look += 1) {
    const before = base.now();
    const [seconds, micros] = await master.time();
    const tookMs = base.now() - before;
    const nowMs = Number(seconds) * 1000 + Number(micros) / 1000;
    if (tookMs < best.tookMs) best = { tookMs, aheadMs: nowMs - (before + tookMs / 2) };
  }
  return best.aheadMs;
}
