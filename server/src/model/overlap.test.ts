import { expect, test } from "vitest";
import { decideOverlap, type OverlapPolicy } from "./overlap.ts";

const idle = { isRunning: false, isOneWaiting: false };
const running = { isRunning: true, isOneWaiting: false };
const crowded = { isRunning: true, isOneWaiting: true };
/** The running one has ended, and the one that waited has not begun. */
const between = { isRunning: false, isOneWaiting: true };

const start = { kind: "start" };
const replace = { kind: "cancel_and_start" };
const stillRunning = { kind: "skip", reason: "still_running" };
const oneWaits = { kind: "skip", reason: "one_is_waiting" };

test.each<[OverlapPolicy, object, object, object, object]>([
  ["allow", start, start, start, start],
  ["skip", start, stillRunning, stillRunning, stillRunning],
  ["queue_one", start, { kind: "wait" }, oneWaits, oneWaits],
  ["cancel_running", start, replace, replace, replace],
])("%s", (policy, ...decisions) => {
  expect([idle, running, crowded, between].map((earlier) => decideOverlap(policy, earlier))).toEqual(
    decisions,
  );
});
