import { randomUUID } from "node:crypto";
import { instantOf } from "../../model/ids.ts";
import type { StoreOptions } from "../options.ts";
import { type Client, mastersOf } from "./connect.ts";
import type { Runner, Verb } from "./runner.ts";
import { listOf, numberOf, textOf } from "./unpacked.ts";

const life = (name: string): Verb => ({ room: "life", name });

/** So many leases begin anew in one script. */
const renewedMax = 250;

/** Who we are among the servers of a store, and which run of Redis we have met. */
export type Tenure = { readonly self: string; readonly runs: string };

/**
 * Begins to work on a store. Its epoch is raised before anything else can happen, so that no fence comes twice, whatever was lost. Where
 * no other server is there, or Redis itself was away, whoever still works gets another lease's time, so that nothing runs twice because
 * of that.
 */
export async function takeOver(
  client: Client,
  runner: Runner,
  options: Pick<StoreOptions, "clock" | "lease"> & { readonly prefix: string; readonly before?: Tenure },
): Promise<Tenure> {
  const { before, clock, prefix } = options;
  const self = before?.self ?? randomUUID();
  const runs = await runsOf(client);
  const wasAway = before !== undefined && before.runs !== runs;
  const hasOthers = await meetOthers(client, `stem:${prefix}:`, self);
  if (before !== undefined && !wasAway) return { self, runs };
  const epoch = numberOf(await runner.ofStore("raiseEpoch", clock.now(), true));
  runner.setEnv({ epoch });
  if (wasAway || !hasOthers) await renewLeases(runner, options);
  return { self, runs };
}

/** Names the runs of all masters: another one means that one was started anew, or that another took its place. */
async function runsOf(client: Client): Promise<string> {
  const infos = await Promise.all(mastersOf(client).map((master) => master.info("server")));
  return infos
    .map((info) => /^run_id:(\w+)/m.exec(info)?.[1] ?? "")
    .sort()
    .join(" ");
}

/** Says who we are, and whether another server of this store is there. Where that may not be asked, nobody is taken to be. */
async function meetOthers(client: Client, mark: string, self: string): Promise<boolean> {
  const found = await Promise.all(
    mastersOf(client).map(async (master) => {
      try {
        const names = String(await master.client("LIST")).matchAll(/ name=(\S+) /g);
        await master.client("SETNAME", `${mark}${self}`);
        return [...names].some(([, name]) => name?.startsWith(mark) === true && name !== `${mark}${self}`);
      } catch {
        return false;
      }
    }),
  );
  return found.includes(true);
}

async function renewLeases(
  runner: Runner,
  { clock, lease }: Pick<StoreOptions, "clock" | "lease">,
): Promise<void> {
  const now = instantOf(clock.now());
  for (const namespace of await runner.names()) {
    const ids = listOf(await runner.ofSpace(namespace, life("leased"), false)).map(textOf);
    for (let from = 0; from < ids.length; from += renewedMax)
      await runner.ofSpace(namespace, life("renew"), [
        ids.slice(from, from + renewedMax),
        now,
        lease.leaseMs,
        lease.graceMs,
      ]);
  }
}
