import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Identity } from "../../support/certificates.ts";
import { listQueues } from "../../support/grpc-js-call.ts";
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

test("where certificates are asked for, and not required, a token does as well, and a wrong one never does", async () => {
  expect(await listQueues(requested, shown["good"])).toBe(Code.OK);
  expect(await listQueues(requested, undefined, adasToken)).toBe(Code.OK);
  expect(await listQueues(requested, shown["good"], adasToken)).toBe(Code.OK);
  expect(await listQueues(requested)).toBe(Code.UNAUTHENTICATED);
  expect(await listQueues(requested, shown["good"], `${adasToken}x`)).toBe(Code.UNAUTHENTICATED);
  for (const who of ["expired", "foreign", "self-signed", "nameless"])
    expect(await listQueues(requested, shown[who], adasToken), who).toBe(Code.UNAVAILABLE);
});
