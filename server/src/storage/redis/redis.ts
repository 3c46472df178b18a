/**
 * The Redis store: several servers may share it. Every verb is one script, or a few where it asks for hundreds of items; a script is one
 * step that nothing comes between, validates first and writes then, and answers with what its caller needs. All keys of a namespace have
 * one hash tag, so that they stand on one node of a cluster; what spans namespaces has a tag of its own, and is written so that a crash
 * between the two is harmless: a name is on the list of all before anything has it, and an event is in its namespace's outbox until the
 * log has it. Read on in scripts/scripts.ts (what runs there), runner.ts (how it is asked), task-rows.ts (what comes back).
 */

import type { Store } from "../../ports/store.ts";
import type { StoreOptions } from "../options.ts";
import { type Address, readAddress } from "./address.ts";
import { checkAgain, checkAll } from "./checks.ts";
import { type Client, connect } from "./connect.ts";
import { newsOf } from "./gate-verbs.ts";
import { createGuard, type Guard } from "./guard.ts";
import { createHearers } from "./hearers.ts";
import { createHints, type Hints } from "./hints.ts";
import { textOf } from "./problems.ts";
import { createRules } from "./rules.ts";
import { createRunner, loadScripts } from "./runner.ts";
import { takeOver } from "./takeover.ts";
import { readyHints, tellingVerbs } from "./telling.ts";
import { createVerbs } from "./verbs.ts";
import { watch } from "./watch.ts";

/** Opens the store of a redis: or rediss: URL. Throws, saying what is wrong, where it cannot be had or cannot keep what is asked for. */
export async function openRedisStore(url: string, options: StoreOptions): Promise<Store> {
  const address = readAddress(url);
  let client: Client | undefined;
  try {
    client = await connect(address);
    return await openOn(client, address, options);
  } catch (error) {
    client?.disconnect();
    throw new Error(`the store ${address.shown} cannot be opened: ${textOf(error)}`, { cause: error });
  }
}

async function openOn(
  client: Client,
  address: Address,
  { clock, limits, log, lease, onFatal, durability: asked = "disk" }: StoreOptions,
): Promise<Store> {
  const { prefix, isVolatile } = address;
  const check = () => checkAll(client, { durability: asked, isVolatile });
  const durability = await check();
  await loadScripts(client);
  const guard = createGuard();
  const hearers = createHearers();
  let hints: Hints | undefined;
  const runner = createRunner({
    client,
    prefix,
    env: { limits, epoch: 0, creation: "on_use" },
    onAnswer(namespace, { news, ready }) {
      if (news !== false) hearers.news(newsOf(namespace, news));
      if (ready !== false) hints?.tell(readyHints(namespace, ready));
    },
  });
  const tenure = await takeOver(client, runner, { clock, lease, prefix });
  const watching = watch({ client, runner, guard, tenure, clock, lease, log, prefix });
  const rules = createRules(runner, hearers.reread);
  await rules.look();
  const checkAndLook = async (): Promise<void> => {
    await check();
    await watching.look();
    // Of a server that died between a change and its count nobody heard.
    hearers.reread();
  };
  const stopChecking = checkAgain(checkAndLook, { clock, log, ...(onFatal && { onFatal }) });
  hints = createHints({
    client,
    listener: await connect(address),
    prefix,
    log,
    hearers: {
      news: (news) => hearers.news(news),
      others: (news) => hearers.others({ ...news, isReread: false }),
      rules: () => void rules.look().catch(miss),
    },
  });
  function miss(error: unknown): void {
    log.debug({ error: textOf(error) }, "what another server changed is looked for again in a second");
  }
  const stop = (): void => {
    hints?.close();
    watching.stop();
    stopChecking();
  };
  return {
    kind: "redis",
    durability,
    ...guard.wrap(tellingVerbs(createVerbs(runner), hints, rules)),
    onGateNews(listener) {
      hearers.news = listener;
    },
    onOthersNews(listener) {
      hearers.others = listener;
    },
    close: createClose(client, guard, stop),
  };
}

function createClose(client: Client, guard: Guard, stop: () => void): () => Promise<void> {
  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    await guard.close();
    stop();
    await client.quit().catch(() => undefined);
    client.disconnect();
  }
  return () => {
    closed ??= close();
    return closed;
  };
}
