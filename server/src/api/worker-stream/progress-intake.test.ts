import { create } from "@bufbuild/protobuf";
import { ReportProgressSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { createManualClock } from "../../../../test/support/manual-clock.ts";
import type { Session } from "../../broker/broker.ts";
import { limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { createProgressIntake } from "./progress-intake.ts";

const bounds = { ...limits, progressPerSecondMax: 3, batchTasksMax: 5 };

function open() {
  const clock = createManualClock();
  const seen: number[] = [];
  const forged: (readonly [string, number])[] = [];
  const session: Pick<Session, "progress"> = {
    progress(token, { percent }) {
      if (token.length === 0) return "dropped";
      if (token[0] === 0) return "forged";
      seen.push(percent ?? -1);
      return "shown";
    },
  };
  const forgeries = { note: (field: string, count: number) => void forged.push([field, count]) };
  const intake = createProgressIntake({ session, forgeries, clock, limits: bounds });
  return { clock, seen, forged, intake };
}

const frame = (...percents: readonly number[]) =>
  create(ReportProgressSchema, {
    progress: percents.map((percent) => ({ leaseToken: new Uint8Array([1]), progress: { percent } })),
  });

test("what is beyond the rate is dropped and counted, until the next second", async () => {
  const { clock, seen, intake } = open();
  intake.take(frame(1, 2));
  intake.take(frame(3, 4, 5));
  expect(seen).toEqual([1, 2, 3]);
  expect(intake.dropped).toBe(2);
  await clock.advance(999);
  intake.take(frame(6));
  await clock.advance(1);
  intake.take(frame(7));
  expect(seen).toEqual([1, 2, 3, 7]);
  expect(intake.dropped).toBe(3);
});

test("progress of a lease that is over is dropped and counted", () => {
  const { seen, intake } = open();
  intake.take(create(ReportProgressSchema, { progress: [{ progress: { percent: 1 } }] }));
  expect(seen).toEqual([]);
  expect(intake.dropped).toBe(1);
});

test("forged tokens are dropped, counted, and told to whoever counts them", () => {
  const { seen, forged, intake } = open();
  const reports = [0, 1, 0].map((byte) => ({ leaseToken: new Uint8Array([byte]), progress: { percent: 1 } }));
  intake.take(create(ReportProgressSchema, { progress: reports }));
  expect(seen).toEqual([1]);
  expect(intake.dropped).toBe(2);
  expect(forged).toEqual([["progress.progress", 2]]);
});

test("one wrong report, and the frame has no effect", () => {
  const { seen, intake } = open();
  const problem = new StemProblem({
    reason: "FIELD_INVALID",
    violations: [{ field: "progress.progress[1].progress.percent", description: "must be 0 to 100" }],
  });
  expect(() => intake.take(frame(1, 101))).toThrow(problem);
  expect(seen).toEqual([]);
});

test("more reports than the limit refuse the frame", () => {
  const { intake } = open();
  expect(() => intake.take(frame(1, 1, 1, 1, 1, 1))).toThrow("BATCH_TOO_LARGE");
});
