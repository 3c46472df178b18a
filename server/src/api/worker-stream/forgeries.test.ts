import { expect, test } from "vitest";
import { createManualClock } from "../../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../../test/support/recording-log.ts";
import type { SettleVerdict } from "../../broker/broker.ts";
import { limits } from "../../model/limits.ts";
import { createForgeries, forgedIn } from "./forgeries.ts";
import { createOutbox } from "./outbox.ts";

function open() {
  const clock = createManualClock();
  const log = createRecordingLog();
  const outbox = createOutbox({ clock, frameBytesMax: limits.frameBytesMax });
  const facts = { worker: "w" };
  return { clock, log, outbox, forgeries: createForgeries({ outbox, clock, limits, log, facts }) };
}

test("the third forged token within 10 s ends the stream, whichever frames they came in", () => {
  const { forgeries, outbox } = open();
  forgeries.note("settle.settlements", 1);
  forgeries.note("hello.held_leases", 1);
  expect(outbox.isOver).toBe(false);
  forgeries.note("progress.progress", 1);
  expect(outbox.failure).toMatchObject({
    problem: { reason: "FIELD_INVALID", violations: [{ field: "progress.progress" }] },
  });
});

test("many in one frame are as many, and one line in the log", () => {
  const { forgeries, outbox, log } = open();
  forgeries.note("hello.held_leases", 10_000);
  expect(outbox.isOver).toBe(true);
  expect(log.lines[0]).toMatchObject({ level: "warn", facts: { worker: "w", forged: 10_000 } });
});

test("a forged token is forgotten after 10 s", async () => {
  const { forgeries, outbox, clock } = open();
  forgeries.note("settle.settlements", 2);
  await clock.advance(limits.forgedTokenWindowMs);
  forgeries.note("settle.settlements", 2);
  expect(outbox.isOver).toBe(false);
  await clock.advance(limits.forgedTokenWindowMs - 1);
  forgeries.note("settle.settlements", 1);
  expect(outbox.isOver).toBe(true);
});

test("tokens of leases that are over, and of other sessions, are no forgeries", () => {
  const forged: SettleVerdict = { kind: "lost", state: undefined, why: "token_invalid" };
  const dead: SettleVerdict = { kind: "lost", state: "succeeded", why: "settled" };
  const others: SettleVerdict = { kind: "lost", state: undefined, why: "other_session" };
  expect(forgedIn([dead, forged, others, dead])).toBe(1);
});
