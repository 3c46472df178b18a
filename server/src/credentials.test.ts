import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../../test/support/certificates.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../test/support/recording-log.ts";
import { adasToken, bobsToken } from "../../test/support/secure-stem.ts";
import { until } from "../../test/support/until.ts";
import { ConfigError, type ConfigInput, createConfig } from "./config/config.ts";
import { openCredentials } from "./credentials.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());

let files = 0;
function fileOf(text: string, mode = 0o600): string {
  const file = path.join(certificates.folder, `file-${++files}`);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function open(input: ConfigInput) {
  const log = createRecordingLog();
  const clock = createManualClock();
  const said = (): string[] => log.lines.map(({ level, text }) => `${level}: ${text}`);
  return { log, clock, said, opened: openCredentials(createConfig(input), { clock, log }) };
}

test("without files the port speaks no TLS, and anybody may call", async () => {
  const { opened } = open({});
  expect(await opened).toMatchObject({ tls: undefined, auth: undefined });
});

test("clients are asked for certificates as the configuration says", async () => {
  const { certFile: cert, keyFile: key } = certificates.server;
  const clientCa = certificates.authority.certFile;
  for (const [tls, clientCertificates, isAsked] of [
    [{ cert, key }, "none", false],
    [{ cert, key, clientCa }, "require", true],
    [{ cert, key, clientCa, clientAuth: "request" }, "request", true],
  ] as const) {
    const credentials = await open({ tls }).opened;
    expect(credentials.tls?.clientCertificates).toBe(clientCertificates);
    expect(credentials.auth !== undefined).toBe(isAsked);
    await credentials.stop();
  }
});

test("a file that cannot be used is a mistake of the configuration, by name and without what is in it", async () => {
  const { certFile: cert, keyFile: key } = certificates.server;
  const odd = fileOf("ada short-secret");
  for (const [input, why] of [
    [{ tls: { cert, key: "/missing" } }, "/missing: cannot be read (ENOENT)"],
    [{ tls: { cert, key: certificates.authority.keyFile } }, "no certificate and its key"],
    [{ tls: { cert: odd, key } }, `${odd}: no certificate in PEM`],
    [{ tls: { cert, key: fileOf(certificates.server.key, 0o644) } }, "others may read it (mode 0644)"],
    [{ tls: { cert, key, clientCa: odd } }, `${odd}: no certificate in PEM`],
    [{ tokens: { file: odd } }, `${odd}:1: after the name comes a token`],
    [{ tokens: { file: fileOf("") } }, "there is no token in it"],
  ] as const) {
    const error = await open(input).opened.then(
      () => "no error",
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(why);
    expect(String(error)).not.toContain("secret");
  }
});

test("files are looked at again in time; what is wrong is said once, and what was right stays", async () => {
  const file = fileOf(`ada ${adasToken}`);
  const { opened, clock, said, log } = open({ tokens: { file }, limits: { credentialCheckMs: 1000 } });
  const { auth, stop } = await opened;
  const isKnown = (token: string): boolean => {
    const nobody = { certificate: undefined, isInProcess: false };
    return "principal" in (auth?.identify({ ...nobody, authorization: `Bearer ${token}` }) ?? {});
  };
  const look = async (lines: number): Promise<void> => {
    await clock.advance(1000);
    await until(() => said().length >= lines, { deadlineMs: 50_000, what: `${lines} lines`, everyMs: 5 });
  };
  writeFileSync(file, "ada short-secret");
  await look(1);
  expect([isKnown(adasToken), isKnown(bobsToken)]).toEqual([true, false]);
  writeFileSync(file, `bob ${bobsToken}`);
  await look(2);
  expect([isKnown(adasToken), isKnown(bobsToken)]).toEqual([false, true]);
  expect(said()).toEqual([
    "error: the file of tokens cannot be used; the one before stays in force",
    "info: the file of tokens has changed, and is in force",
  ]);
  expect(JSON.stringify(log.lines)).not.toContain("secret");
  await stop();
});
