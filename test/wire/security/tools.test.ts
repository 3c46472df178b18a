import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withPage } from "../../support/chromium.ts";
import { adasToken, type SecureStem, startSecureStem } from "../../support/secure-stem.ts";
import { testWithTool } from "../../support/test-with-tool.ts";

const run = promisify(execFile);
const buf = path.resolve(import.meta.dirname, "../../../node_modules/.bin/buf");
const timeoutMs = 60_000;
const bearer = `authorization: Bearer ${adasToken}`;

const closers: (() => Promise<void>)[] = [];
let secure: SecureStem;
/** A client certificate, to be shown where a test is about one. */
let client: { readonly certFile: string; readonly keyFile: string };
let caFile: string;
beforeAll(async () => {
  const request = { clientAuth: "request" } as const;
  secure = await startSecureStem(
    ({ authority }) => ({ tls: { ...request, clientCa: authority.certFile } }),
    (close) => void closers.push(close),
  );
  caFile = secure.certificates.authority.certFile;
  client = secure.certificates.authority.issue({ file: "client", altNames: "URI:spiffe://stem/client" });
});
afterAll(async () => {
  for (const close of closers) await close();
});

type Json = Readonly<Record<string, unknown>>;
const text = (request: Json): string => JSON.stringify(request);

/** What a command that has to fail says. */
const complaint = (ended: Promise<unknown>): Promise<string> =>
  ended.then(
    () => "no error",
    ({ stderr }: { stderr: string }) => stderr,
  );

test.each(["grpc", "connect", "grpcweb"])(
  "buf curl speaks %s over TLS, with a token",
  {
    timeout: timeoutMs,
  },
  async (protocol) => {
    const head = [
      "curl",
      "--protocol",
      protocol,
      "--cacert",
      caFile,
      "-d",
      text({ id: protocol, name: "n" }),
    ];
    const method = `${secure.url}/stem.v1.TaskService/EnqueueTask`;
    // Reflection streams both ways, which Connect's protocols do not do here: the schema comes from the files.
    const schema = ["--schema", path.resolve(import.meta.dirname, "../../..")];
    const { stdout } = await run(buf, [...head, ...schema, "-H", bearer, method]);
    expect(JSON.parse(stdout)).toEqual({ taskId: protocol });
    const refused = JSON.parse(await complaint(run(buf, [...head, ...schema, method]))) as Json;
    expect(refused).toMatchObject({ code: "unauthenticated", details: [{ type: "google.rpc.ErrorInfo" }] });
  },
);

test("buf curl finds the schema by reflection, which takes a token, too", {
  timeout: timeoutMs,
}, async () => {
  const head = ["curl", "--protocol", "grpc", "--cacert", caFile, "--reflect-protocol", "grpc-v1"];
  const ask = ["-d", "{}", "-H", bearer, `${secure.url}/stem.v1.QueueService/ListQueues`];
  const { stdout } = await run(buf, [...head, "--reflect-header", bearer, ...ask]);
  expect(JSON.parse(stdout)).toBeTypeOf("object");
});

test.each(["--http1.1", "--http2"])("curl %s speaks JSON over TLS, with a token", async (version) => {
  const head = ["-sS", version, "--cacert", caFile, "-w", "\n%{http_version} %{response_code}"];
  const call = ["-H", "content-type: application/json", "-d", text({ id: `curl${version}`, name: "n" })];
  const method = `${secure.url}/stem.v1.TaskService/EnqueueTask`;
  const { stdout } = await run("curl", [...head, ...call, "-H", bearer, method]);
  const [answer = "", last] = stdout.split("\n");
  expect(JSON.parse(answer)).toEqual({ taskId: `curl${version}` });
  expect(last).toBe(version === "--http2" ? "2 200" : "1.1 200");
  expect((await run("curl", [...head, ...call, method])).stdout).toMatch(/"code":"unauthenticated".* 401$/s);
  const certificate = ["--cert", client.certFile, "--key", client.keyFile];
  expect((await run("curl", [...head, ...certificate, ...call, method])).stdout).toMatch(/ 200$/);
  expect((await run("curl", [...head, `${secure.url}/healthz`])).stdout).toMatch(/^ok\n/);
});

test("curl trusts no server whose authority it does not know, and speaks no TLS 1.1", async () => {
  const plain = ["-sS", `${secure.url}/healthz`];
  expect(await complaint(run("curl", plain))).toContain("certificate");
  const old = ["--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0", "--cacert", caFile, ...plain];
  expect(await complaint(run("curl", old))).toMatch(/alert protocol version/);
});

testWithTool("grpcurl calls over TLS, with a token and with a certificate", {
  tool: "grpcurl",
  timeoutMs,
  async run(grpcurl) {
    const at = new URL(secure.url).host;
    const ask = async (...args: readonly string[]) =>
      (await run(grpcurl, ["-cacert", caFile, ...args])).stdout;
    const request = text({ id: "by-grpcurl", name: "n" });
    const call = ["-d", request, at, "stem.v1.TaskService/EnqueueTask"];
    expect(JSON.parse(await ask("-H", bearer, ...call))).toEqual({ taskId: "by-grpcurl" });
    expect(await ask("-H", bearer, at, "list")).toContain("stem.v1.TaskService");
    const shown = ["-cert", client.certFile, "-key", client.keyFile];
    expect(JSON.parse(await ask(...shown, ...call))).toEqual({ taskId: "by-grpcurl", deduplicated: true });
    expect(await complaint(ask(...call))).toContain("Unauthenticated");
  },
});

testWithTool("a page in Chromium calls over HTTP/2 with JSON, and streams", {
  tool: "chromium",
  timeoutMs,
  async run(executablePath) {
    const { cert: certificate } = secure.certificates.authority;
    await withPage({ executablePath, certificate }, async (page) => {
      const answer = await page.goto(`${secure.url}/healthz`);
      expect(await answer?.text()).toBe("ok\n");
      expect((await answer?.securityDetails())?.protocol).toBe("TLS 1.3");
      const seen = await page.evaluate(callFromPage, { token: adasToken, id: "by-chromium" });
      expect(seen).toEqual({
        enqueued: '{"taskId":"by-chromium"}',
        refused: 401,
        awaited: expect.stringContaining('"taskId":"by-chromium"'),
        protocols: ["h2"],
      });
    });
  },
});

testWithTool("Chromium opens no page of a server whose authority it does not trust", {
  tool: "chromium",
  timeoutMs,
  async run(executablePath) {
    const { cert: certificate } = secure.certificates.otherAuthority("another");
    await withPage({ executablePath, certificate }, async (page) => {
      await expect(page.goto(`${secure.url}/healthz`)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
    });
  },
});

/** Runs in the page. */
async function callFromPage({ token, id }: { readonly token: string; readonly id: string }) {
  const call = (
    method: string,
    type: string,
    body: string | Uint8Array<ArrayBuffer>,
    authorization?: string,
  ) =>
    fetch(`/stem.v1.TaskService/${method}`, {
      method: "POST",
      headers: { "content-type": type, ...(authorization && { authorization }) },
      body,
    });
  const bearing = `Bearer ${token}`;
  const task = JSON.stringify({ id, name: "n" });
  const enqueued = await call("EnqueueTask", "application/json", task, bearing);
  const refused = await call("EnqueueTask", "application/json", task);
  // A message of Connect's streams: flags, length, JSON.
  const ask = new TextEncoder().encode(JSON.stringify({ tasks: [{ taskId: id }], timeout: "0.1s" }));
  const message = new Uint8Array(5 + ask.length);
  new DataView(message.buffer).setUint32(1, ask.length);
  message.set(ask, 5);
  const awaited = await call("AwaitTasks", "application/connect+json", message, bearing);
  const text = await awaited.text();
  const entries = performance.getEntriesByType("resource") as unknown as { nextHopProtocol: string }[];
  return {
    enqueued: await enqueued.text(),
    refused: refused.status,
    awaited: text,
    protocols: [...new Set(entries.map(({ nextHopProtocol }) => nextHopProtocol))],
  };
}
