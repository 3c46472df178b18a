/**
 * From a URL to a store. The rest of the server knows the ports only; this is the one place that knows which drivers there are.
 */

import type { Store } from "../ports/store.ts";
import { createMemoryStore } from "./memory/memory.ts";
import type { StoreOptions } from "./options.ts";
import { openDatabaseClock } from "./postgres/clock.ts";
import { openPostgresStore } from "./postgres/postgres.ts";
import { openSqliteStore } from "./sqlite/sqlite.ts";
import type { StoreClock } from "./store-clock.ts";

/** What a store is opened with; the memory store has no durability, and takes what it needs of the rest. */
export type OpenStoreOptions = StoreOptions & {
  /** For stores that are reached over a network; others refuse any. */
  readonly tls?: StoreTls;
};

/** Files for a connection over TLS; empty: none. */
export type StoreTls = { readonly ca: string; readonly cert: string; readonly key: string };

const known = "memory: (tasks end with the process), sqlite:PATH, postgres://HOST/DATABASE or redis://HOST";

/** Opens the store of a URL. Throws, saying what is wrong, for a URL that names none or a store that cannot be had. */
export async function openStore(url: string, options: OpenStoreOptions): Promise<Store> {
  const [, scheme, rest = ""] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  if (!isPostgres(url) && !isRedis(url) && Object.values(options.tls ?? {}).some((file) => file !== ""))
    throw new Error(
      "TLS files are for a store that is reached over a network: postgres://HOST/DATABASE or redis://HOST",
    );
  switch (scheme) {
    case "memory":
      return openMemory(rest, options);
    case "sqlite":
      return openSqliteStore(pathOf(rest), options);
    case "postgres":
    case "postgresql":
      return openPostgresStore(secured(url, options.tls), options);
    case "redis":
    case "rediss":
      // Its client is loaded only where it is used.
      return (await import("./redis/redis.ts")).openRedisStore(secured(url, options.tls), options);
    case undefined:
      throw new Error(`the store ${JSON.stringify(url)} is not a URL: give ${known}`);
    default:
      throw new Error(`there is no store for ${scheme}: URLs: give ${known}`);
  }
}

/** The clock that the times of a store are in, and how it is let go of: that of the store where servers share one, else ours. */
export async function openStoreClock(
  url: string,
  { clock, log, tls }: Pick<OpenStoreOptions, "clock" | "log" | "tls">,
): Promise<StoreClock> {
  if (isPostgres(url)) return openDatabaseClock(secured(url, tls), clock, log);
  if (isRedis(url)) return (await import("./redis/clock.ts")).openRedisClock(secured(url, tls), clock, log);
  return { clock, close: () => undefined };
}

/** The URL of a store with the files that its connections use: over TLS, and checked by both sides, unless the URL says how far. */
function secured(url: string, { ca, cert, key }: StoreTls = { ca: "", cert: "", key: "" }): string {
  if (ca + cert + key === "") return url;
  if ((cert === "") !== (key === ""))
    throw new Error("a certificate and its key come together, or neither does");
  const names = isRedis(url) ? { ca, cert, key } : { sslrootcert: ca, sslcert: cert, sslkey: key };
  const parameters = new URLSearchParams(Object.entries(names).filter(([, file]) => file !== ""));
  if (isPostgres(url) && !/[?&]sslmode=/.test(url)) parameters.set("sslmode", "verify-full");
  return `${url.replace(/^redis:/, "rediss:")}${url.includes("?") ? "&" : "?"}${parameters}`;
}

function openMemory(rest: string, { limits, clock }: OpenStoreOptions): Store {
  if (rest !== "")
    throw new Error(`the store memory: takes nothing after the colon, not ${JSON.stringify(rest)}`);
  return createMemoryStore({ limits, epoch: clock.now() });
}

/** sqlite:PATH, relative or absolute; sqlite:///PATH, as other programs write it, is the same absolute path. */
function pathOf(rest: string): string {
  const path = rest.startsWith("//") ? rest.slice(2) : rest;
  if (rest.startsWith("//") && !path.startsWith("/")) {
    throw new Error(`the store sqlite:${rest} names a host; write sqlite:PATH for a file of this machine`);
  }
  if (path === "" || path.endsWith("/"))
    throw new Error("the store sqlite: needs the path of a file: sqlite:PATH");
  if (path.includes("?") || path.includes("\0")) {
    throw new Error("the path of a store has neither a question mark nor a zero character in it");
  }
  return path;
}

const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);
const isRedis = (url: string): boolean => /^rediss?:/.test(url);
