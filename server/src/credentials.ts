/**
 * The files that say who this server is and who may call it: read before it starts, and then looked at every few seconds, so that a new
 * certificate and a changed list of tokens need no restart. What cannot be used is said once, and what was read before stays in force.
 */

import type { ServerTls } from "./api/api.ts";
import { type Auth, createAuth, parseTokens, type TokenEntries } from "./auth/auth.ts";
import { type Config, ConfigError } from "./config/config.ts";
import { type Kept, keep } from "./lib/kept.ts";
import { createLoop } from "./lib/loop.ts";
import { FileError, readSmallFile } from "./lib/small-file.ts";
import { readTlsFiles, sameMaterial } from "./lib/tls-files.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";

/** What the files come to, while it is kept up to date. */
export type Credentials = {
  /** How the port speaks TLS; undefined: it does not. */
  readonly tls: ServerTls | undefined;
  /** Who may call; undefined: anybody. */
  readonly auth: Auth | undefined;
  /** Lets the files be. */
  stop(): Promise<void>;
};

/** What is needed for it. */
export type CredentialsDeps = { readonly clock: Clock; readonly log: Log };

/** Reads the files that the configuration names. Throws ConfigError when one of them cannot be used. */
export async function openCredentials(config: Config, { clock, log }: CredentialsDeps): Promise<Credentials> {
  const tls = await orConfigError(() => openTls(config.tls));
  const tokens = await orConfigError(() => openTokens(config.tokens.file));
  const auth =
    tokens !== undefined || config.tls.clientCa !== ""
      ? createAuth({ tokens: tokens && (() => tokens.current), now: () => clock.now() })
      : undefined;
  const watched = [
    ...(tls ? [{ what: "the certificate", kept: tls.material }] : []),
    ...(tokens ? [{ what: "the file of tokens", kept: tokens }] : []),
  ];
  for (const { what, kept } of watched)
    kept.follow(() => log.info({}, `${what} has changed, and is in force`));
  const checks = watched.map(({ what, kept }) => createCheck(what, kept, log));
  const loop = createLoop(
    { clock, log },
    {
      name: "credentials",
      async runOnce() {
        for (const check of checks) await check();
        // Also where nothing changed: a token may have expired.
        auth?.recheck();
        return config.limits.credentialCheckMs;
      },
    },
  );
  if (checks.length > 0) loop.start();
  return { tls, auth, stop: () => loop.stop() };
}

/** Looks whether a file has changed; each thing that is wrong with it is said once, until it is right again. */
function createCheck(what: string, kept: Pick<Kept<unknown>, "check">, log: Log): () => Promise<void> {
  let told: string | undefined;
  return async () => {
    try {
      await kept.check();
      told = undefined;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (told !== error.message)
        log.error({ cause: error.message }, `${what} cannot be used; the one before stays in force`);
      told = error.message;
    }
  };
}

async function openTls({ cert, key, clientCa, clientAuth }: Config["tls"]): Promise<ServerTls | undefined> {
  if (cert === "") return undefined;
  const files = { cert, key, ...(clientCa !== "" && { ca: clientCa }) };
  const material = await keep({ read: () => readTlsFiles(files), isSame: sameMaterial });
  return { material, files, clientCertificates: clientCa === "" ? "none" : clientAuth };
}

async function openTokens(path: string): Promise<Kept<TokenEntries> | undefined> {
  if (path === "") return undefined;
  const read = async (): Promise<TokenEntries> =>
    parseTokens(path, (await readSmallFile(path, { isSecret: true })).toString("utf8"));
  return keep({ read, isSame: sameTokens });
}

const sameTokens = (one: TokenEntries, other: TokenEntries): boolean =>
  one.size === other.size &&
  [...one].every(([digest, { name, expiresAt }]) => {
    const entry = other.get(digest);
    return entry?.name === name && entry.expiresAt === expiresAt;
  });

async function orConfigError<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw error instanceof FileError ? new ConfigError([error.message]) : error;
  }
}
