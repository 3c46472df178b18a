import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { expect, test } from "vitest";
import { createSystemClock } from "../clock.ts";
import { createRetries, retried } from "../retry.ts";
import { createSchedules } from "./schedules.ts";

/** Schedules at a server whose first answer to each call is lost, and the names of the requests that it got. */
function lossy() {
  const requests: string[] = [];
  const isLost = (requestId: string): boolean => {
    requests.push(requestId);
    return requests.length % 2 === 1;
  };
  const lost = () => new ConnectError("the connection broke", Code.Unavailable);
  const transport = createRouterTransport(({ service }) =>
    service(ScheduleSlotService, {
      triggerSchedule({ requestId }) {
        if (isLost(requestId)) throw lost();
        return { repeatedStart: { started: { case: "taskId", value: "t1" } } };
      },
      backfillSchedule({ requestId }) {
        if (isLost(requestId)) throw lost();
        return {};
      },
    }),
  );
  const closing = new AbortController().signal;
  const deps = { clock: createSystemClock(), random: () => 0, closing };
  const retries = createRetries({ baseDelayMs: 1 }, deps);
  const timed = { timeoutMs: 10_000 };
  const schedules = createSchedules({
    transport,
    inNamespace: {},
    timed,
    call: (run) => retried(retries, run),
  });
  return { schedules, requests };
}

test("a trigger whose answer was lost is repeated as the same request, and the next one is another", async () => {
  const { schedules, requests } = lossy();
  expect(await schedules.trigger("a")).toEqual({ kind: "repeated", started: { kind: "task", id: "t1" } });
  await schedules.trigger("a");
  await schedules.backfill("a", { from: new Date(0), to: new Date(1) });
  const [first, again, second, , third] = requests;
  expect(requests).toEqual([first, first, second, second, third, third]);
  expect(again).not.toBe("");
  expect(new Set(requests).size).toBe(3);
});

test("a request that has a name keeps it", async () => {
  const { schedules, requests } = lossy();
  await schedules.trigger("a", { requestId: "monday" });
  await schedules.backfill("a", { from: new Date(0), to: new Date(1), requestId: "march" });
  expect(requests).toEqual(["monday", "monday", "march", "march"]);
});
