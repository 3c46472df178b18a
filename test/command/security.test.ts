import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { connect } from "@stem/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { adasToken, makeTokenFile, type TokenFile } from "../support/secure-stem.ts";
import { runServerCommand, startServerProcess } from "../support/server-process.ts";

let certificates: Certificates;
let tokens: TokenFile;
beforeAll(() => {
  certificates = makeCertificates();
  tokens = makeTokenFile(`ada ${adasToken}`);
});
afterAll(async () => {
  certificates.remove();
  await tokens.remove();
});

const memory = ["--store", "memory:"];

test("with a certificate and tokens the server listens wherever it is told to, and its secrets are nowhere", async () => {
  const { certFile, keyFile } = certificates.server;
  const env = { STEM_TOKENS_FILE: tokens.file, STEM_TLS_CERT: certFile, STEM_TLS_KEY: keyFile };
  const server = await startServerProcess([...memory, "--host", "0.0.0.0", "--log-level", "debug"], { env });
  const { port } = new URL(server.url);
  expect(server.url).toBe(`https://0.0.0.0:${port}`);
  const tls = { ca: certificates.authority.cert };
  const reach = { url: `https://localhost:${port}`, tls, publishRetry: false } as const;
  const [ada, stranger] = [connect({ ...reach, token: adasToken }), connect(reach)];
  await ada.tasks.revoke(["a"], { reason: "r" });
  await expect(stranger.tasks.revoke(["a"], { reason: "r" })).rejects.toMatchObject({
    reason: "TOKEN_MISSING",
  });
  await Promise.all([ada.close(), stranger.close()]);
  expect(await server.end("SIGTERM")).toEqual({ code: 0, signal: null });
  const said = server.lines.join("\n");
  expect(said).toContain("a caller was turned away");
  expect(said).not.toContain(adasToken);
  expect(said).not.toContain("PRIVATE KEY");
}, 60_000);

test("a file that cannot be used ends the server with 2, says which and why, and nothing that is in it", async () => {
  const file = path.join(certificates.folder, "open");
  writeFileSync(file, `ada ${adasToken}\n`);
  chmodSync(file, 0o644);
  const { code, said } = await runServerCommand([...memory, "--tokens-file", file]);
  expect([code, said]).toEqual([2, expect.stringContaining(`${file}: others may read it (mode 0644)`)]);
  expect(said).not.toContain(adasToken);
}, 60_000);
