import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { TaskProgressSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { taskRefOf } from "../../support/rooms.ts";
import { heartbeatOf, helloWith, openStreamServer, type StreamServer, settleOf } from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer({ limits: { progressPerSecondMax: 2 } });
});
afterEach(() => server.close());

describe("frames of the worker", () => {
  test("that repeat a number, or go back, are ignored", async () => {
    const [stream, [token = new Uint8Array()]] = await server.holding("a");
    stream.sendAs(10n, heartbeatOf(1));
    expect((await stream.expect("extended")).echoed).toBe(10n);
    stream.sendAs(10n, settleOf(token));
    stream.sendAs(9n, settleOf(token));
    expect(await stream.takeNow()).toBeUndefined();
    expect(await server.rooms.read("a")).toMatchObject({ state: "leased" });
    stream.sendAs(12n, settleOf(token));
    expect((await stream.expect("settled")).frameSeq).toBe(12n);
  });

  test.each([0n, -5n])("that have the number %d are refused, and the stream lives", async (frameSeq) => {
    const [stream, [token = new Uint8Array()]] = await server.holding("a");
    stream.sendAs(frameSeq, settleOf(token));
    const refused = await stream.expect("refused");
    expect(refused).toMatchObject({ frameSeq, error: { code: Code.INVALID_ARGUMENT } });
    expect(refused.error?.message).toContain(
      `frame_seq: must rise from 1 on each stream; this frame has ${frameSeq}`,
    );
    expect(await server.rooms.read("a")).toMatchObject({ state: "leased" });
    stream.send(settleOf(token));
    expect((await stream.expect("settled")).exceptions).toEqual([]);
  });

  test("that have no number where Hello is due end the stream at once", async () => {
    const stream = server.open();
    stream.sendAs(0n, helloWith());
    expect(await stream.ending()).toMatchObject({
      problem: { reason: "FIELD_INVALID", violations: [{ field: "frame_seq" }] },
    });
  });

  test("that are empty, or of a later protocol, are ignored and counted as heard", async () => {
    const stream = await server.greet();
    stream.send({ case: undefined });
    stream.sendUnknown();
    const beat = stream.send(heartbeatOf(0));
    expect((await stream.expect("extended")).echoed).toBe(beat);
  });
});

test("frames of the server are numbered from 1 without gaps; those that are not about lease time repeat the echo", async () => {
  const [stream, [token = new Uint8Array()]] = await server.holding("a");
  stream.send(settleOf(token));
  stream.send({ case: "credit", value: { credit: -1n } });
  stream.send(heartbeatOf(1));
  const taken = [await stream.take(), await stream.take(), await stream.take()];
  expect(taken.map(({ frameSeq, echo, frame }) => [frameSeq, echo, frame.case])).toEqual([
    [3n, 2n, "refused"],
    [4n, 2n, "settled"],
    [5n, 5n, "extended"],
  ]);
});

describe("progress", () => {
  const report = (...progress: MessageInitShape<typeof TaskProgressSchema>[]) =>
    ({ case: "progress", value: { progress } }) as const;

  test("is shown while the task runs", async () => {
    const [stream, [leaseToken = new Uint8Array()]] = await server.holding("a");
    stream.send(report({ leaseToken, progress: { percent: 50, message: "half" } }));
    expect(await stream.takeNow()).toBeUndefined();
    expect((await server.rooms.backend.get(taskRefOf("a"))).progress).toMatchObject({
      percent: 50,
      message: "half",
    });
  });

  test.each([-1, 101, Number.NaN])(
    "of %d percent refuses the frame, and the stream lives",
    async (percent) => {
      const [stream, [leaseToken = new Uint8Array()]] = await server.holding("a");
      const good = { leaseToken, progress: { percent: 1 } };
      const frameSeq = stream.send(report(good, { leaseToken, progress: { percent } }));
      const refused = await stream.expect("refused");
      expect(refused).toMatchObject({ frameSeq, error: { code: Code.INVALID_ARGUMENT } });
      expect(refused.error?.message).toContain("progress.progress[1].progress.percent");
      expect((await server.rooms.backend.get(taskRefOf("a"))).progress).toBeUndefined();
      stream.send(heartbeatOf(1));
      await stream.expect("extended");
    },
  );

  test("beyond the rate, or after the task's end, is dropped and counted", async () => {
    const [stream, [leaseToken = new Uint8Array()]] = await server.holding("a");
    for (const percent of [1, 2, 3, 4]) stream.send(report({ leaseToken, progress: { percent } }));
    expect(await stream.takeNow()).toBeUndefined();
    expect((await server.rooms.backend.get(taskRefOf("a"))).progress).toMatchObject({ percent: 2 });
    stream.send(settleOf(leaseToken));
    await stream.expect("settled");
    await server.clock.advance(1000);
    stream.send(report({ leaseToken, progress: { percent: 5 } }));
    expect(await stream.takeNow()).toBeUndefined();
    await stream.lose();
    const ended = server.log.lines.find(({ text }) => text === "a worker's stream ended");
    expect(ended?.facts).toMatchObject({ progressDropped: 3 });
  });
});
