import { once } from "node:events";
import { copyFileSync, writeFileSync } from "node:fs";
import { connect as tlsConnect } from "node:tls";
import { connect, defineTask } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { localNames } from "../../support/certificates.ts";
import { adasToken, type SecureStem, startSecureStem } from "../../support/secure-stem.ts";
import { until } from "../../support/until.ts";

const hold = defineTask<[], string>({ name: "hold" });

/** The name in the certificate that a new connection is shown. */
async function shownName({ url, certificates }: SecureStem): Promise<string> {
  const ca = certificates.authority.cert;
  const socket = tlsConnect({ port: Number(new URL(url).port), host: "127.0.0.1", ca });
  await once(socket, "secureConnect");
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

const said = ({ log }: SecureStem, text: string): number =>
  log.lines.filter((line) => line.text === text).length;

test("a new certificate is used from the next handshake on, and no stream notices", async () => {
  const secure = await startSecureStem();
  const { url, certificates, log } = secure;
  const reach = { url, token: adasToken, tls: { ca: certificates.authority.cert }, log };
  const stem = connect(reach);
  const release = Promise.withResolvers<string>();
  const worker = createWorker({ ...reach, graceMs: 0, tasks: [implement(hold, () => release.promise)] });
  onTestFinished(async () => {
    release.resolve("late");
    await worker.stop();
    await stem.close();
  });
  await worker.start();
  const handle = await stem.enqueue(hold);
  await until(async () => (await handle.status()).state === "leased", {
    deadlineMs: 50_000,
    what: "the task runs",
  });
  expect(await shownName(secure)).toBe("stem");

  const renewed = certificates.authority.issue({
    file: "renewed",
    commonName: "stem-renewed",
    altNames: localNames,
  });
  const { certFile, keyFile } = certificates.server;
  // Between the two files the certificate and the key do not fit: that is said, and the old ones stay.
  copyFileSync(renewed.certFile, certFile);
  const unusable = "the certificate cannot be used; the one before stays in force";
  await until(() => said(secure, unusable) === 1, { deadlineMs: 50_000, what: "the half of it is seen" });
  expect(await shownName(secure)).toBe("stem");
  copyFileSync(renewed.keyFile, keyFile);
  await until(() => said(secure, "the certificate has changed, and is in force") === 1, {
    deadlineMs: 50_000,
    what: "all of it",
  });
  expect(await shownName(secure)).toBe("stem-renewed");

  release.resolve("done");
  expect(await handle.result({ timeoutMs: 5000 })).toBe("done");
  expect(said(secure, "a worker's stream began")).toBe(1);
  expect(said(secure, unusable)).toBe(1);
});

test("whoever is not vouched for any more is turned away, also with a session to resume", async () => {
  const secure = await startSecureStem(({ authority }) => ({ tls: { clientCa: authority.certFile } }));
  const { certificates, url } = secure;
  const client = certificates.authority.issue({ file: "client" });
  const foreign = certificates.otherAuthority("foreign");
  const { cert, key } = client;
  const knock = async (session?: Buffer) => {
    const ca = certificates.authority.cert;
    const to = {
      port: Number(new URL(url).port),
      host: "127.0.0.1",
      ca,
      cert,
      key,
      ...(session && { session }),
    };
    const socket = tlsConnect(to);
    let ticket: Buffer | undefined;
    socket.on("session", (given) => {
      ticket = given;
    });
    socket.on("error", () => socket.destroy());
    socket.write("GET /healthz HTTP/1.1\r\nhost: stem\r\nconnection: close\r\n\r\n");
    const answer = await socket.toArray().catch(() => []);
    return { answer: answer.join("").slice(0, 12), ticket };
  };
  const first = await knock();
  expect(first.answer).toBe("HTTP/1.1 200");
  writeFileSync(certificates.authority.certFile, foreign.cert);
  await until(() => said(secure, "the certificate has changed, and is in force") === 1, {
    deadlineMs: 50_000,
    what: "the change",
  });
  expect((await knock(first.ticket)).answer).toBe("");
});
