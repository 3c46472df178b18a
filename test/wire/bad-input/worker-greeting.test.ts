import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { LeaseLostReason } from "@stem/proto/stem/v1/lease_pb";
import { QueueCreation } from "@stem/proto/stem/v1/namespace_pb";
import { NamespaceService } from "@stem/proto/stem/v1/namespace_service_pb";
import { expect, test } from "vitest";
import { limits } from "../../../server/src/model/limits.ts";
import { lengthField, varintField } from "../../support/protobuf-bytes.ts";
import { until } from "../../support/until.ts";
import { creditOf, heartbeatOf, helloWith, settleOf } from "../worker-stream/scripted-stream.ts";
import { type LiveServer, liveServer } from "./live-server.ts";
import { endingOf, greetedWorker, openWorker } from "./wire-worker.ts";

const server = liveServer({
  // As many workers as there may be, in no time: how fast they may come is tested by itself.
  limits: { helloMsMax: 2_000, workerHandshakesPerSecondMax: 10_000 },
  namespaces: ["default", "other"],
});

const namespacesOf = ({ wire }: LiveServer) =>
  createClient(NamespaceService, createGrpcTransport({ baseUrl: wire.url }));

const invalidField = (field: string) => ({ code: "3", reason: "FIELD_INVALID", fields: [field] });
const unexpected = { code: "9", reason: "FRAME_UNEXPECTED" };

test("D140 a first frame that is not Hello, Hello twice, or no frame for 10 s end the stream", async () => {
  for (const first of [creditOf(1), settleOf(), heartbeatOf(0), { case: "goodbye", value: {} } as const])
    expect(await endingOf(server, first), first?.case).toMatchObject(unexpected);
  expect(await endingOf(server, helloWith(), helloWith())).toMatchObject(unexpected);
  expect(limits.helloMsMax).toBe(10_000);
  expect(await endingOf(server)).toMatchObject({ code: "4", reason: "FRAME_OVERDUE" });
});

test("a Hello without a number ends the stream at once, and says what is missing", async () => {
  const worker = await openWorker(server);
  worker.sendAs(0n, helloWith());
  expect(await worker.ending).toMatchObject(invalidField("frame_seq"));
});

test("D142 Hello with no queue or with 1,001 is INVALID_ARGUMENT; a queue that is not there yet will be", async () => {
  const queues = Array.from({ length: 1001 }, (_, n) => ({ name: `q-${n}` }));
  for (const wrong of [[], queues])
    expect(await endingOf(server, helloWith({ queues: wrong }))).toMatchObject(invalidField("hello.queues"));
  await namespacesOf(server).createNamespace({
    namespace: "strict",
    settings: { queueCreation: QueueCreation.EXPLICIT },
  });
  const strange = helloWith({ namespace: "strict", queues: [{ name: "nowhere" }] });
  expect(await endingOf(server, strange)).toMatchObject({ code: "5", reason: "QUEUE_UNKNOWN" });
  const worker = await greetedWorker(server, { queues: [{ name: "never-heard-of" }] });
  worker.send(creditOf(1));
  await server.tasks.enqueueTask({ id: "first", name: "n", queue: "never-heard-of" });
  expect((await worker.expect("grants")).grants).toMatchObject([{ taskId: "first" }]);
});

test("R35 a namespace that is deleted dismisses workers that hold nothing, and others when they have settled", async () => {
  const namespace = "leaving";
  const namespaces = namespacesOf(server);
  await namespaces.createNamespace({ namespace });
  await server.tasks.enqueueTask({ namespace, id: "held", name: "n" });
  const busy = await greetedWorker(server, { namespace });
  busy.send(creditOf(1));
  const [grant] = (await busy.expect("grants")).grants;
  const idle = await greetedWorker(server, { namespace });
  expect(await namespaces.deleteNamespace({ namespace, force: true })).toMatchObject({ backlogTasks: 1n });
  const disabled = { code: "9", reason: "NAMESPACE_DISABLED" };
  expect(await idle.ending).toMatchObject(disabled);
  expect(await endingOf(server, helloWith({ namespace }))).toMatchObject(disabled);
  busy.send(settleOf(grant?.leaseToken ?? new Uint8Array()));
  expect((await busy.expect("settled")).exceptions).toEqual([]);
  expect(await busy.ending).toMatchObject(disabled);
  const isGone = async () =>
    (await namespaces.listNamespaces({})).namespaces.every(({ name }) => name !== namespace);
  await until(isGone, { deadlineMs: 50_000, what: "the namespace to be gone" });
});

test("D143 Hello with a wrong worker name or number of slots is INVALID_ARGUMENT", async () => {
  for (const worker of ["w".repeat(1024), "", "two words", "w\n", "wörker"])
    expect(await endingOf(server, helloWith({ worker })), worker).toMatchObject(invalidField("hello.worker"));
  // By hand, because no codec writes 2^31 into an int32.
  const rest = [
    varintField(1, 1),
    varintField(2, 1),
    lengthField(4, "w"),
    lengthField(5, lengthField(1, "default")),
  ];
  for (const slots of [0, -1, 2 ** 31]) {
    const stream = await openWorker(server);
    const hello = Buffer.concat([...rest, varintField(6, slots)]);
    stream.sendBytes(Buffer.concat([varintField(1, 1), lengthField(2, hello)]));
    expect(await stream.ending, `${slots} slots`).toMatchObject(invalidField("hello.slots"));
  }
});

test("D145 held leases of another namespace or forged are lost each; 100,001 of them are RESOURCE_EXHAUSTED", async () => {
  await server.tasks.enqueueTask({ id: "theirs", name: "n", namespace: "other" });
  const { grants } = await server.workers.leaseTasks({ queues: ["default"], namespace: "other" });
  const theirs = grants[0]?.leaseToken ?? new Uint8Array();
  const forged = Uint8Array.from(theirs, (byte, at) => (at === 20 ? byte ^ 1 : byte));
  const heldLeases = [theirs, forged, new Uint8Array(), Uint8Array.of(1, 2, 3), new Uint8Array(512)];
  const stream = await openWorker(server);
  stream.send(helloWith({ sessionId: new Uint8Array(16), heldLeases }));
  const welcome = await stream.expect("welcome");
  expect(welcome.leases.map(({ held, lostReason }) => [held, lostReason])).toEqual(
    heldLeases.map(() => [false, LeaseLostReason.TOKEN_INVALID]),
  );
  expect(await stream.ending, "five forgeries at once").toMatchObject(invalidField("hello.held_leases"));
  const many = (count: number) =>
    helloWith({ sessionId: new Uint8Array(16), heldLeases: Array(count).fill(Uint8Array.of(1)) });
  expect(await endingOf(server, many(10_001))).toMatchObject({
    ...{ code: "8", reason: "BATCH_TOO_LARGE", fields: ["hello.held_leases"] },
  });
  expect(await endingOf(server, many(100_001))).toMatchObject({ code: "8" });
  const tooLong = helloWith({ sessionId: new Uint8Array(16), heldLeases: [new Uint8Array(513)] });
  expect(await endingOf(server, tooLong)).toMatchObject(invalidField("hello.held_leases[0]"));
});

test("D164 the 1,001st stream is RESOURCE_EXHAUSTED, and may come when others have gone", async () => {
  // All streams count together where nobody is asked who they are; those of one principal: security.test.ts.
  const { streamsPerConnectionMax, workerStreamsMax } = server.wire.limits;
  const sessions = await Promise.all(
    Array.from({ length: workerStreamsMax / streamsPerConnectionMax }, () => server.session()),
  );
  for (const session of sessions)
    for (let greeted = 0; greeted < streamsPerConnectionMax; greeted += 10)
      // A few at a time: this process is the workers, too, and its own work must not pass for the server's.
      await Promise.all(Array.from({ length: 10 }, () => greetedWorker(server, {}, session)));
  expect(await endingOf(server, helloWith())).toMatchObject({
    ...{ code: "8", reason: "CONCURRENCY_LIMIT_REACHED", mayRetry: true },
  });
  for (const session of sessions) {
    session.destroy();
    await new Promise(setImmediate);
  }
  await until(isWelcome, { deadlineMs: 50_000, what: "a free place", everyMs: 20 });
}, 60_000);

async function isWelcome(): Promise<boolean> {
  const worker = await openWorker(server);
  worker.send(helloWith());
  return await Promise.race([worker.expect("welcome").then(() => true), worker.ending.then(() => false)]);
}
