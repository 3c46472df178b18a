import { expect, test } from "vitest";
import { welcomeWorker } from "../../test/support/peered-worker.ts";
import { extendedFrame, welcomeFrame } from "../../test/support/stream-peer.ts";
import { until } from "../../test/support/until.ts";

const rule = { min: 1, max: 2, tickMs: 1000, idleMs: 0, upCooldownMs: 0, downCooldownMs: 0 };

test("the heartbeat of each tick asks how much is ready, no other does, and slots go by the sum of the answer", async () => {
  const { clock, first, worker } = await welcomeWorker({ autoscale: rule });
  const slotsAre = (slots: number) =>
    until(() => worker.stats().slots === slots, { deadlineMs: 50_000, what: `${slots} slots`, everyMs: 1 });
  expect((await first.next("heartbeat")).value.wantBacklogs).toBe(false);
  first.send(extendedFrame());
  await clock.advance(1000);
  expect((await first.next("heartbeat", 1)).value.wantBacklogs).toBe(true);
  first.send(extendedFrame([], [0, 0]));
  await slotsAre(1);
  await clock.advance(1000);
  expect((await first.next("heartbeat", 2)).value.wantBacklogs).toBe(true);
  first.send(extendedFrame([], [0, 7]));
  await slotsAre(2);
});

test("what was asked on a stream that broke is asked again on the next, and nothing changes meanwhile", async () => {
  const { clock, peer, first, worker } = await welcomeWorker({ autoscale: rule });
  await clock.advance(1000);
  await first.next("heartbeat", 1);
  first.end();
  await clock.advance(3000);
  expect(worker.stats().slots).toBe(2);
  const second = await peer.stream(2);
  await second.next("hello");
  second.send(welcomeFrame());
  expect((await second.next("heartbeat")).value.wantBacklogs).toBe(true);
  second.send(extendedFrame([], [0]));
  await until(() => worker.stats().slots === 1, { deadlineMs: 50_000, what: "one slot", everyMs: 1 });
});
