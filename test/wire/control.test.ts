import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { ShutdownMode } from "@stem/proto/stem/v1/control_pb";
import { ControlService, ReplyStatus, type SendRequestSchema } from "@stem/proto/stem/v1/control_service_pb";
import {
  type ConnectRequest,
  ConnectRequestSchema,
  type ConnectResponse,
  WorkerService,
} from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";
import { helloWith } from "./worker-stream/scripted-stream.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

type Frame = MessageInitShape<typeof ConnectRequestSchema>["frame"];
type Kind = NonNullable<ConnectResponse["frame"]["case"]>;

/** A worker in another language: it sends and takes frames as the test says. */
async function openStream(hello: Frame) {
  const requests = createWritableIterable<ConnectRequest>();
  const client = createClient(WorkerService, createGrpcTransport({ baseUrl: server.url }));
  const responses = client.connect(requests)[Symbol.asyncIterator]();
  let frameSeq = 0n;
  const send = (frame: Frame): void => {
    frameSeq += 1n;
    void requests.write(create(ConnectRequestSchema, { frameSeq, frame: frame as never }));
  };
  async function expectFrame<K extends Kind>(kind: K) {
    const { value, done } = await responses.next();
    if (done || value.frame.case !== kind) throw new Error(`expected ${kind}`);
    return value.frame.value as Extract<ConnectResponse["frame"], { case: K }>["value"];
  }
  send(hello);
  await expectFrame("welcome");
  const close = async (): Promise<void> => {
    requests.close();
    await responses.next().catch(() => undefined);
  };
  return { send, expect: expectFrame, close };
}

const ping = { command: { kind: { case: "ping" as const, value: {} } } };

describe.each(wireTransports)("over %s", (transport, open) => {
  const name = wordOf(transport);
  const control = () => createClient(ControlService, open(server.url));

  async function answersOf(calls: AsyncIterable<unknown>): Promise<unknown[]> {
    const answers: unknown[] = [];
    for await (const answer of calls) answers.push(answer);
    return answers;
  }

  async function worker(capabilities: string[]) {
    const stream = await openStream(helloWith({ worker: name, capabilities }));
    onTestFinished(() => stream.close());
    stream.send({ case: "heartbeat", value: {} });
    await stream.expect("extended");
    return stream;
  }

  test("a worker's answer comes back, its error too, and that it knows no such command", async () => {
    const stream = await worker(["control"]);
    const outcomes = [
      { case: "reply", value: { kind: { case: "ping", value: { running: 3 } } } },
      { case: "error", value: { code: 13, message: "no idea" } },
      { case: "unsupported", value: true },
    ] as const;
    const seen: unknown[] = [];
    for (const outcome of outcomes) {
      const answering = answersOf(control().send({ ...ping, workers: [name] }));
      const { commandId, command } = await stream.expect("command");
      expect(command?.kind.case).toBe("ping");
      stream.send({ case: "reply", value: { commandId, outcome } });
      seen.push(...(await answering));
    }
    expect(seen).toMatchObject([
      { worker: name, status: ReplyStatus.OK, reply: { kind: { case: "ping", value: { running: 3 } } } },
      { status: ReplyStatus.ERROR, error: { message: "no idea" } },
      { status: ReplyStatus.UNSUPPORTED },
    ]);
  });

  test("a worker that takes no commands is answered for, and so is one that stays silent", async () => {
    const old = await worker([]);
    expect(await answersOf(control().send({ ...ping, workers: [name] }))).toMatchObject([
      { status: ReplyStatus.UNSUPPORTED },
    ]);
    await old.close();
    await worker(["control"]);
    const silent = control().send({ ...ping, workers: [name], timeout: { nanos: 50_000_000 } });
    expect(await answersOf(silent)).toMatchObject([{ status: ReplyStatus.TIMED_OUT }]);
  });

  test.each<[string, MessageInitShape<typeof SendRequestSchema>]>([
    ["command", {}],
    ["kind", { command: {} }],
    ["timeout", { ...ping, timeout: { seconds: 61n } }],
    ["timeout", { ...ping, timeout: {} }],
    ["workers[0]", { ...ping, workers: ["two words"] }],
    ["task_ids", { command: { kind: { case: "revoke" as const, value: {} } } }],
    ["mode", { command: { kind: { case: "shutdown" as const, value: { mode: 9 as ShutdownMode } } } }],
    ["namespace", { ...ping, namespace: "none" }],
    ["nobody", { ...ping, workers: ["nobody"] }],
  ])("a wrong %s is refused", async (field, request) => {
    expect((await failure(answersOf(control().send(request)))).message).toContain(field);
  });
});
