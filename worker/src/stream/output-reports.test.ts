import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { StatusSchema } from "@stem/proto/google/rpc/status_pb";
import { LeaseLostReason } from "@stem/proto/stem/v1/lease_pb";
import { LogLevel, OutputVerdictSchema } from "@stem/proto/stem/v1/task_output_pb";
import { problemFromStatus } from "@stem/sdk/internal";
import { expect, test } from "vitest";
import { heldLeaseOf } from "../../../test/support/held-lease.ts";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import type { HeldLease } from "../lease.ts";
import { OutputReports } from "./output-reports.ts";

const room = 3_670_016;

/** Output of a worker whose streams the test plays: `take` answers what a frame says, as `lease: number kind number kind`. */
function setUp() {
  const clock = createManualClock(0);
  const log = createRecordingLog();
  const output = new OutputReports({ clock, log, onReady: () => undefined });
  let stream = {};
  let frameSeq = 0;
  const heard: string[] = [];
  output.again(stream);
  return {
    clock,
    log,
    output,
    heard,
    lease: (taskId = "a") => {
      const lease = heldLeaseOf({ taskId });
      lease.begin(0);
      return lease;
    },
    chunk(lease: HeldLease, json = "1"): void {
      const value = { $typeName: "stem.v1.Payload" as const, data: { case: "json" as const, value: json } };
      const name = `chunk ${json}`;
      output.add(
        lease,
        { case: "chunk", value: { ...value, contentType: "", encoding: {} } },
        {
          kept: () => void heard.push(`${name} kept`),
          refused: (why) => void heard.push(`${name} ${why instanceof Error ? why.name : why}`),
        },
      );
    },
    line(lease: HeldLease, text = "x"): void {
      output.add(lease, { case: "log", value: { $typeName: "stem.v1.LogLine", level: LogLevel.INFO, text } });
    },
    progress(lease: HeldLease, percent: number): void {
      output.add(lease, { case: "progress", value: { $typeName: "stem.v1.Progress", percent, message: "" } });
    },
    take(bytesMax = room): string | undefined {
      const frame = output.take(stream, frameSeq + 1, bytesMax);
      if (frame?.case !== "output") return undefined;
      frameSeq += 1;
      return frame.value.outputs
        .map(({ leaseToken, entries }) => {
          const said = entries.map(({ seq, entry }) => `${seq} ${entry.case}`).join(" ");
          return `${Buffer.from(leaseToken)}: ${said}`;
        })
        .join("; ");
    },
    answer: (...exceptions: Parameters<typeof output.answered>[2]) =>
      output.answered(stream, frameSeq, exceptions),
    refuse: (status: Parameters<typeof problemFromStatus>[0]) =>
      output.frameRefused(stream, frameSeq, problemFromStatus(status)),
    reconnect(): void {
      stream = {};
      frameSeq = 0;
      output.again(stream);
    },
  };
}

const statusOf = (code: Code, reason: string, mayGoAgain: boolean) =>
  create(StatusSchema, {
    code,
    message: "no",
    details: [
      anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason, domain: "stem.v1" })),
      ...(mayGoAgain
        ? [anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: { seconds: 1n } }))]
        : []),
    ],
  });

test("entries of a lease are numbered and sent in their order, one unanswered frame at a time", () => {
  const { lease, line, chunk, take, answer, heard } = setUp();
  const [a, b] = [lease("a"), lease("b")];
  line(a);
  chunk(a, "1");
  line(b);
  expect(take()).toBe("a: 1 log 2 chunk; b: 1 log");
  chunk(a, "2");
  expect(take()).toBeUndefined();
  expect(heard).toEqual([]);
  answer();
  expect(heard).toEqual(["chunk 1 kept"]);
  expect(take()).toBe("a: 3 chunk");
});

test("progress and lines go ten times a second, the latest progress counts; chunks take all along at once", async () => {
  const { clock, lease, line, chunk, progress, take, answer } = setUp();
  const a = lease();
  progress(a, 1);
  expect(take()).toBe("a: 1 progress");
  answer();
  progress(a, 2);
  line(a);
  progress(a, 3);
  expect(take()).toBeUndefined();
  await clock.advance(100);
  expect(take()).toBe("a: 3 log 4 progress");
  answer();
  line(a);
  chunk(a);
  expect(take()).toBe("a: 5 log 6 chunk");
});

test("what has ended sends its output at once, before its settlement", () => {
  const { lease, line, take, answer, output } = setUp();
  const [a, b] = [lease("a"), lease("b")];
  line(a);
  take();
  expect(output.isBefore(b)).toBe(false);
  line(b);
  expect(output.isBefore(b)).toBe(true);
  b.phase = "settling";
  expect(output.isBefore(b)).toBe(true);
  answer();
  expect(take()).toBe("b: 1 log");
  expect(output.isBefore(b)).toBe(false);
});

test("what a handler puts out whose attempt is over goes nowhere", () => {
  const { lease, line, chunk, take, heard } = setUp();
  const a = lease();
  a.phase = "settling";
  line(a);
  chunk(a, "1");
  expect([take(), heard]).toEqual([undefined, ["chunk 1 LeaseLost"]]);
});

test("a new stream gets what the last one left unanswered, and late answers of that one mean nothing", () => {
  const { lease, chunk, take, answer, output, reconnect, heard } = setUp();
  const a = lease();
  const old = {};
  output.again(old);
  chunk(a, "1");
  output.take(old, 1, room);
  chunk(a, "2");
  reconnect();
  expect(output.take(old, 2, room)).toBeUndefined();
  expect(take()).toBe("a: 1 chunk 2 chunk");
  output.answered(old, 1, []);
  expect(heard).toEqual([]);
  answer();
  expect(heard).toEqual(["chunk 1 kept", "chunk 2 kept"]);
});

test("frames are cut at a thousand entries and at the server's size", () => {
  const { lease, chunk, take, answer } = setUp();
  const a = lease();
  for (let n = 0; n < 1001; n += 1) chunk(a);
  expect(take()?.split("chunk")).toHaveLength(1001);
  answer();
  expect(take()).toBe("a: 1001 chunk");
  answer();
  chunk(a, "x".repeat(3000));
  chunk(a, "x".repeat(3000));
  expect(take(4000)).toBe("a: 1002 chunk");
});

test("a lease that is lost takes all that waits for it along", () => {
  const { lease, chunk, take, answer, heard } = setUp();
  const a = lease();
  chunk(a, "1");
  take();
  chunk(a, "2");
  answer(create(OutputVerdictSchema, { index: 0, lostReason: LeaseLostReason.SUPERSEDED }));
  expect(heard).toEqual(["chunk 1 LeaseLost", "chunk 2 LeaseLost"]);
  expect(take()).toBeUndefined();
});

test("what the server cannot take for now goes again, but for what has ended; what is wrong does not", async () => {
  const { clock, lease, chunk, take, answer, refuse, heard, output, log } = setUp();
  const [a, b] = [lease("a"), lease("b")];
  chunk(a, "1");
  chunk(b, "2");
  take();
  b.phase = "settling";
  expect(refuse(statusOf(Code.RESOURCE_EXHAUSTED, "STORE_FULL", true))).toBe(true);
  expect([heard, output.isBefore(a), output.isBefore(b)]).toEqual([["chunk 2 StemProblem"], true, false]);
  expect(take()).toBeUndefined();
  await clock.advance(500);
  expect(take()).toBe("a: 1 chunk");
  answer(
    create(OutputVerdictSchema, { index: 0, error: statusOf(Code.INVALID_ARGUMENT, "FIELD_INVALID", false) }),
  );
  expect(heard).toEqual(["chunk 2 StemProblem", "chunk 1 StemProblem"]);
  expect(log.lines.map(({ facts }) => facts)).toMatchObject([{ taskId: "b" }, { taskId: "a" }]);
  expect(refuse(statusOf(Code.INVALID_ARGUMENT, "FIELD_INVALID", false))).toBe(false);
});

test("more than may wait is dropped and told, and a chunk is refused", () => {
  const { lease, line, chunk, take, answer, heard } = setUp();
  const [a, b] = [lease("a"), lease("b")];
  for (let n = 0; n < 10_000; n += 1) line(a);
  chunk(a, "1");
  line(b);
  line(b);
  expect(heard).toEqual(["chunk 1 RangeError"]);
  for (let n = 0; n < 10; n += 1) {
    take();
    answer();
  }
  chunk(b, "2");
  expect(take()).toBe("b: 1 log 2 chunk");
});
