import { expect, test } from "vitest";
import { createManualClock } from "../../../../test/support/manual-clock.ts";
import type { SettleVerdict } from "../../broker/broker.ts";
import { limits } from "../../model/limits.ts";
import { createForgeries } from "./forgeries.ts";

const forged: SettleVerdict = { kind: "lost", state: undefined, why: "token_invalid" };
const dead: SettleVerdict = { kind: "lost", state: "succeeded", why: "settled" };

test("the third forged token within 10 s is one too many", () => {
  const forgeries = createForgeries(createManualClock(), limits);
  expect(forgeries.areTooMany([forged])).toBe(false);
  expect(forgeries.areTooMany([dead, forged, dead])).toBe(false);
  expect(forgeries.areTooMany([forged])).toBe(true);
});

test("three in one frame are as many", () => {
  const forgeries = createForgeries(createManualClock(), limits);
  expect(forgeries.areTooMany([forged, forged, forged])).toBe(true);
});

test("a forged token is forgotten after 10 s", async () => {
  const clock = createManualClock();
  const forgeries = createForgeries(clock, limits);
  forgeries.areTooMany([forged, forged]);
  await clock.advance(limits.forgedTokenWindowMs);
  expect(forgeries.areTooMany([forged, forged])).toBe(false);
  await clock.advance(limits.forgedTokenWindowMs - 1);
  expect(forgeries.areTooMany([forged])).toBe(true);
});

test("tokens of leases that are over never count", () => {
  const forgeries = createForgeries(createManualClock(), limits);
  expect(forgeries.areTooMany(Array.from({ length: 1000 }, () => dead))).toBe(false);
});
