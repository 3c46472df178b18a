import type { StoreOptions } from "../options.ts";
import type { Client } from "./connect.ts";
import type { Guard } from "./guard.ts";
import { textOf } from "./problems.ts";
import { loadScripts, type Runner } from "./runner.ts";
import { type Tenure, takeOver } from "./takeover.ts";

export type WatchOptions = Pick<StoreOptions, "clock" | "lease" | "log"> & {
  readonly client: Client;
  readonly runner: Runner;
  readonly guard: Guard;
  readonly tenure: Tenure;
  readonly prefix: string;
};

/** A watch over a connection. */
export type Watch = {
  /** Looks whether other masters are there than before, as after a failover that no connection of ours noticed. */
  look(): Promise<void>;
  stop(): void;
};

/** How long it rests before it tries again to take over a store that has come back. */
const restMs = 500;

/**
 * Watches the connection. While it is away, calls are refused at once; when it is back, the store is taken over anew before it is asked
 * anything, because it may have lost its newest commits, and nobody's lease could be extended meanwhile.
 */
export function watch({ client, runner, guard, log, ...options }: WatchOptions): Watch {
  let { tenure } = options;
  let isStopped = false;
  let turn = 0;
  let resting: NodeJS.Timeout | undefined;

  function leave(): void {
    turn += 1;
    clearTimeout(resting);
    guard.setAway(true);
  }

  async function comeBack(own: number): Promise<void> {
    await loadScripts(client);
    tenure = await takeOver(client, runner, { ...options, before: tenure });
    if (own === turn) guard.setAway(false);
  }

  function tryToComeBack(): void {
    const own = turn;
    comeBack(own).catch((error: unknown) => {
      log.debug({ error: textOf(error) }, "the store is back, and could not be taken over yet");
      if (own === turn && !isStopped) resting = setTimeout(tryToComeBack, restMs).unref();
    });
  }

  client.on("close", leave);
  client.on("ready", tryToComeBack);
  return {
    look: () => comeBack(turn),
    stop() {
      isStopped = true;
      clearTimeout(resting);
      client.off("close", leave);
      client.off("ready", tryToComeBack);
    },
  };
}
