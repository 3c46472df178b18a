import type { Redis } from "ioredis";
import type { Durability } from "../../ports/store.ts";
import type { StoreOptions } from "../options.ts";
import { type Client, mastersOf } from "./connect.ts";
import { textOf } from "./problems.ts";

/** What a Redis says of itself that decides what it can keep. */
type RedisSettings = {
  readonly version: string;
  readonly role: string;
  readonly appendonly: string;
  readonly appendfsync: string;
  readonly maxmemoryPolicy: string;
};

/** The scripts say which of them may run without memory, which came with this version. */
const versionMin = 7;

/** How often it is asked again whether it still keeps what it promised. */
const recheckMs = 60_000;

/** Asks for it. */
async function readSettings(redis: Redis): Promise<RedisSettings> {
  const [info, config] = await Promise.all([
    redis.info(),
    redis.config("GET", "appendonly", "appendfsync", "maxmemory-policy"),
  ]);
  const said = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
  const settings = asMap(config);
  return {
    version: said("redis_version"),
    role: said("role"),
    appendonly: settings.get("appendonly") ?? "",
    appendfsync: settings.get("appendfsync") ?? "",
    maxmemoryPolicy: settings.get("maxmemory-policy") ?? "",
  };
}

function asMap(config: unknown): ReadonlyMap<string, string> {
  if (!Array.isArray(config)) return new Map(Object.entries(config as Record<string, string>));
  const pairs = config.map(String);
  return new Map(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? ""] as const] : [])));
}

/** What it was asked to promise. */
export type Asked = { readonly durability: Exclude<Durability, "none">; readonly isVolatile: boolean };

/** What it can promise; throws where that is less than was asked for, and says what to change. */
export function promiseOf(settings: RedisSettings, { durability, isVolatile }: Asked): Durability {
  const { version, role, appendonly, appendfsync, maxmemoryPolicy } = settings;
  if (Number.parseInt(version, 10) < versionMin)
    throw new Error(`Redis ${versionMin} or newer is needed, and it is ${version}`);
  if (role === "slave") throw new Error("it is a replica, which takes no writes; name the master");
  if (maxmemoryPolicy !== "noeviction")
    throw new Error(
      `its maxmemory-policy is ${maxmemoryPolicy}, which drops what was accepted; set it to noeviction`,
    );
  if (appendonly !== "yes") {
    if (isVolatile) return "none";
    throw new Error(
      "its appendonly is off, so a crash loses what was accepted; turn it on, or say ?volatile=yes in the URL",
    );
  }
  if (appendfsync === "always") return "disk";
  if (appendfsync === "everysec" && (durability === "relaxed" || isVolatile)) return "relaxed";
  throw new Error(
    `its appendfsync is ${appendfsync}, so a power failure loses what was accepted last; set it to always` +
      (appendfsync === "everysec" ? ", or ask for durability relaxed" : ""),
  );
}

/** What all masters can promise: the least of them. */
export async function checkAll(client: Client, asked: Parameters<typeof promiseOf>[1]): Promise<Durability> {
  const promises = await Promise.all(
    mastersOf(client).map(async (master) => promiseOf(await readSettings(master), asked)),
  );
  const order: readonly Durability[] = ["none", "relaxed", "disk"];
  return order.find((durability) => promises.includes(durability)) ?? "none";
}

/** A store that cannot keep any more what it promised is not to be trusted; one that does not answer is asked again. */
export function checkAgain(
  check: () => Promise<unknown>,
  { clock, log, onFatal }: Pick<StoreOptions, "clock" | "log" | "onFatal">,
): () => void {
  let cancel = clock.after(recheckMs, again);
  let isStopped = false;

  function again(): void {
    check()
      .catch((error: unknown) => {
        if (isStopped) return;
        if (isPromiseBroken(error)) onFatal?.(error as Error);
        else log.debug({ error: textOf(error) }, "what the store can promise was not asked");
      })
      .finally(() => {
        if (!isStopped) cancel = clock.after(recheckMs, again);
      });
  }

  return () => {
    isStopped = true;
    cancel();
  };
}

/** Our own words, not those of a connection. */
const isPromiseBroken = (error: unknown): boolean => error instanceof Error && /^its /.test(error.message);
