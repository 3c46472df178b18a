import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { type Frame, FrameLog } from "./frame-log.ts";

const beat: Frame = {
  case: "heartbeat",
  value: { $typeName: "stem.v1.Heartbeat", seenSeq: 0n, wantBacklogs: false },
};

test("frames are numbered from 1, and each is remembered by when it was sent", async () => {
  const clock = createManualClock(100);
  const frames = new FrameLog(clock);
  expect(frames.number(beat).frameSeq).toBe(1n);
  await clock.advance(10);
  expect(frames.number(beat).frameSeq).toBe(2n);
  expect([frames.last, frames.sentAt(1), frames.sentAt(2)]).toEqual([2, 100, 110]);
});

test("the server never goes back: an older number, or one that never was, counts as the oldest known", async () => {
  const clock = createManualClock(100);
  const frames = new FrameLog(clock);
  for (let i = 0; i < 3; i += 1) {
    frames.number(beat);
    await clock.advance(10);
  }
  expect(frames.sentAt(0)).toBe(100);
  expect(frames.sentAt(2)).toBe(110);
  expect([frames.sentAt(1), frames.sentAt(99)]).toEqual([110, 110]);
});
