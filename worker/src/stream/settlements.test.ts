import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { type Status, StatusSchema } from "@stem/proto/google/rpc/status_pb";
import { SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { SettledItemSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { payloadToProto, problemFromStatus } from "@stem/sdk/internal";
import { expect, test } from "vitest";
import { heldLeaseOf } from "../../../test/support/held-lease.ts";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { succeeded } from "../settlement.ts";
import { Settlements, type Settling } from "./settlements.ts";

const room = 3_670_016;

function setUp() {
  const clock = createManualClock(0);
  const log = createRecordingLog();
  const answered: string[] = [];
  const heldUp = new Set<string>();
  const settlements = new Settlements({
    log,
    clock,
    backoff: undefined,
    onReady: () => undefined,
    isHeldUp: ({ grant }) => heldUp.has(grant.taskId),
    onAnswered: (lease) => void answered.push(lease.grant.taskId),
  });
  const add = (...ids: string[]) => {
    for (const taskId of ids) settlements.add(heldLeaseOf({ taskId }), succeeded(undefined));
  };
  const take = (bytesMax = room) => settlements.take(bytesMax);
  return { clock, log, answered, heldUp, settlements, add, take };
}

const idsOf = (items: readonly Settling[]): string => items.map(({ lease }) => lease.grant.taskId).join("");
const outcomeOf = ([item]: readonly Settling[]): string | undefined => item?.settlement.outcome.case;

function statusOf(code: number, reason: string): Status {
  const info = anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason, domain: "stem.v1" }));
  return create(StatusSchema, { code, message: "no", details: [info] });
}

const wrongAt = (index: number, code: number, reason: string) =>
  create(SettledItemSchema, { index, error: statusOf(code, reason) });

test("frames are cut at a thousand items and at the server's size; one that is larger goes alone", () => {
  const { settlements, add, take } = setUp();
  add(...Array.from({ length: 1001 }, () => "x"));
  expect([take().length, take().length, take().length]).toEqual([1000, 1, 0]);
  const large = succeeded(payloadToProto({ json: JSON.stringify("x".repeat(5000)) }));
  for (const taskId of ["a", "b"]) settlements.add(heldLeaseOf({ taskId }), large);
  add("c");
  expect([idsOf(take(4000)), idsOf(take(8000)), idsOf(take(8000))]).toEqual(["a", "bc", ""]);
});

test("what is held up lets others pass, and goes in its turn later", () => {
  const { heldUp, add, take } = setUp();
  add("a", "b", "c");
  heldUp.add("b");
  expect(idsOf(take())).toBe("ac");
  add("d");
  expect(idsOf(take())).toBe("d");
  heldUp.clear();
  expect(idsOf(take())).toBe("b");
});

test("what was sent and not answered goes again, before all others", () => {
  const { settlements, add, take } = setUp();
  add("a", "b");
  const sent = take();
  add("c");
  settlements.unanswered(sent);
  expect(idsOf(take())).toBe("abc");
});

test("an answer ends the leases of a frame, accepted or lost alike", async () => {
  const { settlements, answered, add, take } = setUp();
  add("a", "b");
  let isIdle = false;
  const idle = settlements.idle().then(() => {
    isIdle = true;
  });
  const lost = create(SettledItemSchema, { index: 1, verdict: { outcome: SettleOutcome.LEASE_LOST } });
  settlements.answered(take(), [lost]);
  await idle;
  expect(answered).toEqual(["a", "b"]);
  expect(isIdle).toBe(true);
  await settlements.idle();
});

test("an item that the store could not take for now goes again a little later", async () => {
  const { clock, settlements, answered, add, take } = setUp();
  add("a", "b");
  settlements.answered(take(), [wrongAt(0, 14, "STORE_UNAVAILABLE")]);
  expect([answered.join(), take().length]).toEqual(["b", 0]);
  await clock.advance(500);
  expect(idsOf(take())).toBe("a");
});

test("an item that is wrong in itself becomes a failure that says so; if that is wrong too, it is given up", () => {
  const { log, settlements, answered, add, take } = setUp();
  add("a");
  settlements.answered(take(), [wrongAt(0, 3, "FIELD_INVALID")]);
  const again = take();
  expect(again).toMatchObject([
    {
      settlement: {
        outcome: { case: "failed", value: { failure: { type: "StemProblem", nonRetryable: true } } },
      },
    },
  ]);
  expect(answered).toEqual([]);
  settlements.answered(again, [wrongAt(0, 3, "FIELD_INVALID")]);
  expect(answered).toEqual(["a"]);
  expect(log.lines.map(({ level }) => level)).toContain("error");
});

test("a result that was too large has failed its task already", () => {
  const { settlements, answered, add, take } = setUp();
  add("a");
  settlements.answered(take(), [wrongAt(0, 8, "RESULT_TOO_LARGE")]);
  expect(answered).toEqual(["a"]);
  expect(take()).toEqual([]);
});

test("a frame that is refused as a whole goes again item by item, to find the one to blame", () => {
  const { settlements, answered, add, take } = setUp();
  add("a", "b");
  const problem = problemFromStatus(statusOf(3, "FIELD_INVALID"));
  settlements.frameRefused(take(), problem);
  add("c");
  const [first, second, third] = [take(), take(), take()];
  expect([idsOf(first), idsOf(second), idsOf(third)]).toEqual(["a", "b", "c"]);
  settlements.answered(first, []);
  settlements.frameRefused(second, problem);
  expect(answered).toEqual(["a"]);
  expect(outcomeOf(take())).toBe("failed");
});

test("a frame that the store could not take for now goes again whole, a little later", async () => {
  const { clock, settlements, add, take } = setUp();
  add("a", "b");
  settlements.frameRefused(take(), problemFromStatus(statusOf(14, "STORE_UNAVAILABLE")));
  expect(take()).toEqual([]);
  await clock.advance(500);
  expect(idsOf(take())).toBe("ab");
});
