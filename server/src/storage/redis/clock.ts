import type { Redis } from "ioredis";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { aheadOf, openClockOf, type StoreClock } from "../store-clock.ts";
import { readAddress } from "./address.ts";
import { connect, mastersOf } from "./connect.ts";
import { textOf } from "./problems.ts";

/** Opens the clock of a store's Redis, in a cluster the first master's. Throws when it cannot be asked; later failures leave it as it is. */
export async function openRedisClock(url: string, base: Clock, log: Log): Promise<StoreClock> {
  const address = readAddress(url);
  return openClockOf({
    ...{ base, log, shown: address.shown, name: "Redis", textOf },
    async open() {
      const client = await connect(address);
      return {
        async compare() {
          const [master] = mastersOf(client);
          if (master === undefined) throw new Error("no master is there");
          return await aheadOf(base, () => timeOf(master));
        },
        close: () => client.disconnect(),
      };
    },
  });
}

async function timeOf(master: Redis): Promise<number> {
  const [seconds, micros] = await master.time();
  return Number(seconds) * 1000 + Number(micros) / 1000;
}
