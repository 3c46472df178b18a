import { create } from "@bufbuild/protobuf";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  creditOf,
  type Frame,
  heartbeatOf,
  openStreamServer,
  type ScriptedStream,
  type StreamServer,
} from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer();
});
afterEach(() => server.close());

const leaving = (leaseToken: Uint8Array, value: string): Frame => ({
  case: "checkpoints",
  value: { checkpoints: [{ leaseToken, data: { data: { case: "json", value } } }] },
});

async function holding(worker: string): Promise<[ScriptedStream, Uint8Array, string | undefined]> {
  const stream = await server.greet({ worker });
  stream.send(creditOf(1));
  const { grants } = await stream.expect("grants");
  const [grant] = grants;
  if (grant === undefined) throw new Error("no grant");
  const { data } = grant.lastCheckpoint ?? create(PayloadSchema);
  return [stream, grant.leaseToken, data.case === "json" ? data.value : undefined];
}

test("the welcome says how large a checkpoint may be", async () => {
  const { welcome } = await server.greet();
  expect(welcome.checkpointBytesMax).toBe(65_536);
});

test("the successor of a worker that fell silent gets the last thing that it left", async () => {
  await server.enqueue("a");
  const [stream, token, before] = await holding("first");
  expect(before).toBeUndefined();
  stream.send(leaving(token, "[1]"));
  stream.send(leaving(token, "[2]"));
  stream.send(heartbeatOf(1));
  await stream.expect("extended");
  await server.clock.advance(23_000);
  const [, , left] = await holding("second");
  expect(left).toBe("[2]");
});

test("a worker whose lease is over leaves nothing, and its stream lives", async () => {
  await server.enqueue("a");
  const [stream, token] = await holding("first");
  await server.clock.advance(23_000);
  const [second] = await holding("second");
  stream.send(leaving(token, "[1]"));
  stream.send(heartbeatOf(1));
  await stream.expect("extended");
  second.endSending();
  await server.clock.advance(23_000);
  const [, , left] = await holding("third");
  expect(left).toBeUndefined();
});

test("a checkpoint that is too large, or no JSON, refuses its frame, with its place", async () => {
  await server.enqueue("a");
  const [stream, token] = await holding("first");
  const tooLarge = stream.send(leaving(token, `"${"x".repeat(65_536)}"`));
  expect(await stream.expect("refused")).toMatchObject({
    frameSeq: tooLarge,
    error: { message: expect.stringContaining("checkpoints.checkpoints[0].data.json") },
  });
  const broken = stream.send(leaving(token, "{"));
  expect(await stream.expect("refused")).toMatchObject({ frameSeq: broken });
});
