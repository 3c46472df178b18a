import { Code, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BroadcastService } from "@stem/proto/stem/v1/broadcast_service_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { NamespaceService } from "@stem/proto/stem/v1/namespace_service_pb";
import { RoutingService } from "@stem/proto/stem/v1/routing_service_pb";
import { expect, onTestFinished, test } from "vitest";
import { chain, gathering, group, task, taskOf } from "../../support/canvas-nodes.ts";
import { adasToken, startSecureStem } from "../../support/secure-stem.ts";
import { startWireServer } from "../../support/wire-server.ts";
import { wireTransports } from "../../support/wire-transports.ts";
import { refusalOf, refused } from "../bad-input/refusal.ts";
import { canvasCaller } from "./caller.ts";

async function started(wish: Parameters<typeof startWireServer>[0] = {}) {
  const server = await startWireServer(wish);
  onTestFinished(() => server.close());
  return server;
}

test.each(wireTransports)(
  "over %s: a draining server takes no canvas and retries none, and goes on with those that it has, also where they grow",
  async (_, open) => {
    const server = await started();
    const { canvases, runner, canvas } = canvasCaller(open(server.url));
    const worker = runner("default");
    const { canvasId: failed } = await canvases.submitCanvas({ root: task("fail") });
    await worker.drain();
    const { canvasId } = await canvases.submitCanvas({
      root: gathering({ open: true }, task("ok"), task("grow", 1)),
    });
    const grants = await worker.lease();
    server.api.drain();
    const draining = { ...refused(Code.Unavailable, "DRAINING"), text: expect.anything() };
    expect(await refusalOf(canvases.submitCanvas({ root: task("ok") }))).toEqual(draining);
    expect(
      await refusalOf(canvases.addCanvasMembers({ canvasId, requestId: "1", members: [task("ok")] })),
    ).toEqual(draining);
    expect(await refusalOf(canvases.retryCanvas({ canvasId: failed }))).toEqual(draining);
    await worker.settle(grants);
    expect(await canvas(canvasId)).toMatchObject({ groups: [{ size: 3, ended: 2, unsuccessful: 0 }] });
    expect(await canvases.cancelCanvas({ canvasId })).toBeDefined();
  },
);

test.each(wireTransports)(
  "over %s: a namespace that takes nothing takes no canvas, not even an empty one",
  async (_, open) => {
    const server = await started({ namespaces: ["default"] });
    const transport = open(server.url);
    const { canvases } = canvasCaller(transport);
    const namespaces = createClient(NamespaceService, transport);
    const namespace = "stopped";
    await namespaces.createNamespace({ namespace });
    const { canvasId } = await canvases.submitCanvas({ namespace, root: gathering({ open: true }) });
    await namespaces.disableNamespace({ namespace, reason: "unpaid" });
    const disabled = { ...refused(Code.FailedPrecondition, "NAMESPACE_DISABLED"), text: expect.anything() };
    for (const root of [task("ok"), group(), gathering({ open: true })])
      expect(await refusalOf(canvases.submitCanvas({ namespace, root }))).toEqual(disabled);
    const add = { namespace, canvasId, requestId: "1", members: [task("ok")] };
    expect(await refusalOf(canvases.addCanvasMembers(add))).toEqual(disabled);
  },
);

test("members go where routes send them, and none to a broadcast channel", async () => {
  const server = await started();
  const transport = createGrpcTransport({ baseUrl: server.url });
  const { canvases, task: read } = canvasCaller(transport);
  const routing = createClient(RoutingService, transport);
  const config = `
queues: { default: , mail: }
broadcasts: { everybody: }
routes:
  - { match: { task: "mail.*" }, target: { name: mail } }
  - { match: { task: "all.*" }, target: { type: broadcast, name: everybody } }
`;
  await routing.replaceRouting({ config, expectedRevision: 0n });
  const root = group(taskOf({ id: "routed", name: "mail.send" }), chain(task("ok"), task("mail.send")));
  await canvases.submitCanvas({ root });
  expect(await read("routed")).toMatchObject({ queue: "mail" });
  for (const node of [task("all.reload"), chain(task("ok"), task("all.reload"))]) {
    const refusal = await refusalOf(canvases.submitCanvas({ root: node }));
    expect(refusal).toMatchObject({ code: Code.InvalidArgument, reason: "FIELD_INVALID" });
    expect(refusal.text).toMatch(/broadcast channel/);
  }
  const broadcasts = createClient(BroadcastService, transport);
  expect((await broadcasts.listBroadcasts({ channel: "everybody" })).broadcasts).toEqual([]);
});

test("who may not call learns nothing of canvases, and who calls has a name in what is cancelled", async () => {
  const secure = await startSecureStem();
  const reach = (authorization?: string) => {
    const show: Interceptor = (next) => (request) => {
      if (authorization !== undefined) request.header.set("authorization", authorization);
      return next(request);
    };
    const nodeOptions = { ca: secure.certificates.authority.cert };
    return createGrpcTransport({ baseUrl: secure.url, interceptors: [show], nodeOptions });
  };
  const ada = canvasCaller(reach(`Bearer ${adasToken}`));
  const { canvasId } = await ada.canvases.submitCanvas({
    root: group(taskOf({ id: "held", name: "ok" }), task("ok")),
  });
  const nobody = createClient(CanvasService, reach());
  const drained = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream);
  };
  // The same, whether it is there or not, whether the request is right or not.
  for (const call of [
    nobody.getCanvas({ canvasId }),
    nobody.getCanvas({ canvasId: "none" }),
    nobody.submitCanvas({}),
    nobody.cancelCanvas({ canvasId }),
    drained(nobody.watchCanvas({ canvasId })),
  ])
    expect(await refusalOf(call)).toMatchObject(refused(Code.Unauthenticated, "TOKEN_MISSING"));
  const grants = await ada.runner("default").lease();
  expect(grants).toHaveLength(2);
  await ada.canvases.cancelCanvas({ canvasId, reason: "over", requester: "somebody" });
  expect((await ada.task("held")).cancel).toMatchObject({
    reason: "over",
    requester: expect.stringMatching(/ada/),
  });
});
