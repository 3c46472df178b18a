import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Identity } from "../../support/certificates.ts";
import { adasToken, type SecureStem, startSecureStem } from "../../support/secure-stem.ts";

const closers: (() => Promise<void>)[] = [];
const shown: Record<string, Identity> = {};
let required: SecureStem;
let requested: SecureStem;
beforeAll(async () => {
  const atEnd = (close: () => Promise<void>): void => void closers.push(close);
  required = await startSecureStem(
    ({ authority }) => ({ tls: { clientCa: authority.certFile }, tokens: { file: "" } }),
    atEnd,
  );
  const { authority, otherAuthority, selfSigned } = required.certificates;
  const { certFile: cert, keyFile: key } = required.certificates.server;
  const tls = { cert, key, clientCa: authority.certFile, clientAuth: "request" } as const;
  requested = { ...(await startSecureStem(() => ({ tls }), atEnd)), certificates: required.certificates };
  shown["good"] = authority.issue({
    file: "worker",
    altNames: "DNS:worker.example,URI:spiffe://stem/worker",
  });
  shown["expired"] = authority.issue({ file: "expired", days: -1 });
  shown["nameless"] = authority.issue({ file: "nameless", commonName: "ä" });
  shown["foreign"] = otherAuthority("foreign").issue({ file: "stranger" });
  shown["self-signed"] = selfSigned("self-signed");
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

/** Calls a server with this certificate, or none, and this token, or none, as grpc-js does; answers the code of the outcome. */
async function listQueues({ url, certificates }: SecureStem, who?: string, token?: string): Promise<Code> {
  const { cert, key } = (who && shown[who]) || {};
  const buffer = (pem: string | undefined): Buffer | null => (pem === undefined ? null : Buffer.from(pem));
  const ssl = credentials.createSsl(Buffer.from(certificates.authority.cert), buffer(key), buffer(cert));
  const client = new Client(new URL(url).host, ssl);
  const metadata = new Metadata();
  if (token) metadata.set("authorization", `Bearer ${token}`);
  const bytes = (message: Buffer): Buffer => message;
  const path = "/stem.v1.QueueService/ListQueues";
  const code = await new Promise<Code>((resolve) => {
    const done = (error: ServiceError | null): void => resolve(error?.code ?? Code.OK);
    client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), metadata, done);
  });
  client.close();
  return code;
}

const causes = ({ log }: SecureStem): unknown[] =>
  log.lines
    .filter(({ level, text }) => level === "warn" && text === "a TLS handshake failed")
    .map(({ facts }) => (facts as { cause: unknown }).cause);

test("who shows a certificate is who it names, in what is kept and shown", async () => {
  const { cert, key } = shown["good"] ?? {};
  const nodeOptions = { ca: required.certificates.authority.cert, ...(cert && { cert, key }) };
  const transport = createGrpcTransport({ baseUrl: required.url, nodeOptions });
  const tasks = createClient(TaskService, transport);
  await tasks.enqueueTask({ id: "t", name: "n" });
  await createClient(TaskAdminService, transport).cancelTask({ taskId: "t", reason: "r" });
  expect((await tasks.getTask({ taskId: "t" })).task?.cancel).toMatchObject({
    ...{ reason: "r", requester: "spiffe://stem/worker" },
  });
});

test.each([
  ["missing", /PEER_DID_NOT_RETURN_A_CERTIFICATE/],
  ["expired", /CERT_HAS_EXPIRED/],
  ["foreign", /UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT_LOCALLY)/],
  ["self-signed", /DEPTH_ZERO_SELF_SIGNED_CERT/],
  ["nameless", /no name that can be used/],
] as const)("a certificate that is %s ends the handshake, and the log says why", async (who, cause) => {
  const before = causes(required).length;
  expect(await listQueues(required, who)).toBe(Code.UNAVAILABLE);
  expect(causes(required)[before]).toMatch(cause);
});

test("where certificates are asked for, and not required, a token does as well, and a wrong one never does", async () => {
  expect(await listQueues(requested, "good")).toBe(Code.OK);
  expect(await listQueues(requested, undefined, adasToken)).toBe(Code.OK);
  expect(await listQueues(requested, "good", adasToken)).toBe(Code.OK);
  expect(await listQueues(requested)).toBe(Code.UNAUTHENTICATED);
  expect(await listQueues(requested, "good", `${adasToken}x`)).toBe(Code.UNAUTHENTICATED);
  for (const who of ["expired", "foreign", "self-signed", "nameless"])
    expect(await listQueues(requested, who, adasToken), who).toBe(Code.UNAVAILABLE);
});
