import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ConfigInput, type RunningServer, startServer } from "@stem/server";
import { onTestFinished } from "vitest";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { createRecordingLog, type RecordingLog } from "./recording-log.ts";
import { type AtEnd, configOf } from "./whole-stem.ts";

/** A server that speaks TLS and asks for tokens, its files, and who may call. */
export type SecureStem = {
  readonly server: RunningServer;
  readonly url: string;
  readonly log: RecordingLog;
  readonly certificates: Certificates;
  readonly tokens: TokenFile;
};

/** A file of tokens that tests change. */
export type TokenFile = {
  readonly file: string;
  /** Puts these lines in place of all that is there. */
  write(...lines: readonly string[]): void;
  remove(): Promise<void>;
};

/** Long enough to be tokens. */
export const adasToken = "adas-token-of-forty-characters-or-more-AAAA";
export const bobsToken = "bobs-token-of-forty-characters-or-more-BBBB";

/** Makes a file of tokens that only we may read. */
export function makeTokenFile(...lines: readonly string[]): TokenFile {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-tokens-"));
  const file = path.join(folder, "tokens");
  const write = (...now: readonly string[]): void =>
    writeFileSync(file, now.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  write(...lines);
  return { file, write, remove: () => rm(folder, { recursive: true }) };
}

/** How often a server of tests looks at its files. */
export const checkMs = 50;

/** Starts such a server, in memory, on a free port. Whatever is configured comes over TLS, a token for Ada and one for Bob. */
export async function startSecureStem(
  configure: (certificates: Certificates) => ConfigInput = () => ({}),
  atEnd: AtEnd = onTestFinished,
): Promise<SecureStem> {
  const certificates = makeCertificates();
  const tokens = makeTokenFile(`ada ${adasToken}`, `bob ${bobsToken}`);
  const log = createRecordingLog();
  const { certFile, keyFile } = certificates.server;
  const wish = configure(certificates);
  const config = configOf({
    ...wish,
    tls: { cert: certFile, key: keyFile, ...wish.tls },
    tokens: { file: tokens.file, ...wish.tokens },
    limits: { credentialCheckMs: checkMs, ...wish.limits },
  });
  const server = await startServer(config, { log });
  atEnd(async () => {
    await server.close();
    certificates.remove();
    await tokens.remove();
  });
  return { server, url: server.url, log, certificates, tokens };
}
