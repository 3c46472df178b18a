import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../../../test/support/certificates.ts";
import { handshakeFacts, readTlsFiles, sameMaterial, tlsCause } from "./tls-files.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());

test("an identity is read from its files, each part only where it is named", async () => {
  const { authority, server } = certificates;
  const { certFile: cert, keyFile: key } = server;
  const read = await readTlsFiles({ ca: authority.certFile, cert, key });
  expect(String(read.ca)).toBe(authority.cert);
  expect(String(read.key)).toBe(server.key);
  expect(Object.keys(await readTlsFiles({ ca: authority.certFile }))).toEqual(["ca"]);
  expect(sameMaterial(read, await readTlsFiles({ ca: authority.certFile, cert, key }))).toBe(true);
  expect(sameMaterial(read, await readTlsFiles({ cert, key }))).toBe(false);
});

test("a key of another certificate, and what is no certificate, are refused by name", async () => {
  const { authority, server, folder } = certificates;
  await expect(readTlsFiles({ cert: server.certFile, key: authority.keyFile })).rejects.toThrow(
    `${server.certFile} and ${authority.keyFile}: no certificate and its key (ERR_OSSL_X509_KEY_VALUES_MISMATCH`,
  );
  const odd = path.join(folder, "odd.pem");
  writeFileSync(odd, "secret words", { mode: 0o600 });
  for (const files of [
    { ca: odd },
    { cert: odd, key: server.keyFile },
    { cert: server.certFile, key: odd },
  ]) {
    const error = await readTlsFiles(files).then(() => undefined, String);
    expect(error).toContain(odd);
    expect(error).not.toContain("secret");
  }
});

test("a failed handshake is told without anything that was read, and briefly", () => {
  const cause = Object.assign(new Error("secret"), { code: "ERR_SSL_X", reason: `no\n${"x".repeat(500)}` });
  const facts = handshakeFacts({
    ...{ component: "store", host: "db", port: 5432, files: { ca: "ca.pem" }, cause },
  });
  expect(facts).toEqual({
    ...{ component: "store", host: "db", port: 5432, files: { ca: "ca.pem" } },
    cause: expect.stringMatching(/^ERR_SSL_X: no\?x+$/),
  });
  expect(tlsCause(cause)).toHaveLength(200);
  expect(tlsCause(new Error("plain"))).toBe("plain");
  expect(tlsCause("odd")).toBe("unknown");
});
