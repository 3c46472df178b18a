import { once } from "node:events";
import { connect as dial } from "node:net";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { expect, test } from "vitest";
import { type SecureStem, startSecureStem } from "../../support/secure-stem.ts";
import { until } from "../../support/until.ts";

const portOf = ({ url }: SecureStem): number => Number(new URL(url).port);

/** What was logged of failed handshakes. */
const failures = ({ log }: SecureStem, level: string) =>
  log.lines
    .filter((line) => line.level === level && line.text === "a TLS handshake failed")
    .map(({ facts }) => facts as Readonly<Record<string, unknown>>);

/** Resolves when the other side has closed the connection. */
function closed(socket: TLSSocket | ReturnType<typeof dial>): Promise<void> {
  socket.on("error", () => socket.destroy());
  socket.resume();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

test("a handshake that never ends is closed after the bound, silent or byte by byte", async () => {
  const stem = await startSecureStem(() => ({ limits: { prefaceMsMax: 400 } }));
  const silent = dial(portOf(stem), "127.0.0.1");
  const dripping = dial(portOf(stem), "127.0.0.1");
  // The head of a handshake record that promises 512 bytes.
  const hello = Buffer.concat([Buffer.from("16030102000100", "hex"), Buffer.alloc(512)]);
  let sent = 0;
  const drip = setInterval(() => dripping.write(hello.subarray(sent, ++sent)), 40);
  await Promise.all([closed(silent), closed(dripping)]);
  clearInterval(drip);
  expect(sent).toBeGreaterThan(3);
  const facts = {
    component: "server port",
    host: "127.0.0.1",
    port: portOf(stem),
    files: { cert: stem.certificates.server.certFile, key: stem.certificates.server.keyFile },
    cause: "it was not over after 400 ms",
    peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    unsaid: 0,
  };
  expect(failures(stem, "warn")).toEqual([facts, facts]);
});

test("whoever only looks whether the port is open is worth no warning", async () => {
  const stem = await startSecureStem();
  const looking = dial(portOf(stem), "127.0.0.1");
  await once(looking, "connect");
  looking.destroy();
  await until(() => failures(stem, "debug").length === 1, { deadlineMs: 50_000, what: "it is noticed" });
  expect(failures(stem, "warn")).toEqual([]);
});

test("what fails is logged with its cause, and not more often than is useful", async () => {
  const stem = await startSecureStem();
  const knock = async (): Promise<void> => {
    const socket = dial(portOf(stem), "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nhost: stem\r\nauthorization: Bearer secret\r\n\r\n");
    await closed(socket);
  };
  for (let times = 0; times < 15; times++) await knock();
  await until(() => failures(stem, "warn").length >= 10, { deadlineMs: 50_000, what: "ten lines" });
  // On a machine that takes more than ten seconds for these, one more.
  expect(failures(stem, "warn").length).toBeLessThanOrEqual(11);
  expect(failures(stem, "warn")[0]).toMatchObject({ cause: "ERR_SSL_HTTP_REQUEST: http request" });
  expect(JSON.stringify(stem.log.lines)).not.toContain("secret");
  expect(JSON.stringify(stem.log.lines)).not.toContain("PRIVATE KEY");
});

test.each([
  ["h2", "HTTP/1.1", "GET / HTTP/1.1\r\nhost: stem\r\n\r\n"],
  ["http/1.1", "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
])("whoever agrees on %s and speaks %s is closed", async (protocol, _, text) => {
  const stem = await startSecureStem();
  const ca = stem.certificates.authority.cert;
  const socket = tlsConnect({ port: portOf(stem), host: "127.0.0.1", ca, ALPNProtocols: [protocol] });
  await once(socket, "secureConnect");
  expect(socket.alpnProtocol).toBe(protocol);
  const heard: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => heard.push(chunk));
  socket.write(text);
  await closed(socket);
  expect(Buffer.concat(heard).toString("latin1")).toBe("");
});

test("a client without ALPN speaks HTTP/1.1, and one that offers neither protocol is refused", async () => {
  const stem = await startSecureStem();
  const ca = stem.certificates.authority.cert;
  const socket = tlsConnect({ port: portOf(stem), host: "127.0.0.1", ca });
  socket.write("GET /healthz HTTP/1.1\r\nhost: stem\r\nconnection: close\r\n\r\n");
  expect((await socket.toArray()).join("")).toMatch(/^HTTP\/1\.1 200 OK.*\nok\n/s);
  const other = tlsConnect({ port: portOf(stem), host: "127.0.0.1", ca, ALPNProtocols: ["spdy/3"] });
  const [error] = (await once(other, "error")) as [Error & { code: string }];
  expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
});
