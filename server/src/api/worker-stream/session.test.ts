import { describe, expect, test } from "vitest";
import {
  closed,
  drained,
  type FrameAct,
  type FrameKind,
  newStream,
  receive,
  type StreamState,
} from "./session.ts";

const kinds: readonly FrameKind[] = [
  "hello",
  "credit",
  "settle",
  "heartbeat",
  "progress",
  "goodbye",
  "unknown",
];

/** What is done with each kind of frame, in the order of `kinds`, and where the stream is then. */
const table: Record<StreamState, readonly (readonly [FrameAct, StreamState])[]> = {
  greeting: [
    ["greet", "open"],
    ["refuse", "closed"],
    ["refuse", "closed"],
    ["refuse", "closed"],
    ["refuse", "closed"],
    ["refuse", "closed"],
    ["ignore", "greeting"],
  ],
  open: [
    ["refuse", "closed"],
    ["process", "open"],
    ["process", "open"],
    ["process", "open"],
    ["process", "open"],
    ["leave", "draining"],
    ["ignore", "open"],
  ],
  draining: [
    ["refuse", "closed"],
    ["ignore", "draining"],
    ["process", "draining"],
    ["process", "draining"],
    ["process", "draining"],
    ["leave", "draining"],
    ["ignore", "draining"],
  ],
  closed: kinds.map(() => ["ignore", "closed"]),
};

describe.each(Object.entries(table))("while a stream is %s", (name, row) => {
  const state = name as StreamState;

  test.each(kinds.map((kind, place) => [kind, ...(row[place] ?? ["ignore", "closed"])] as const))(
    "a frame of kind %s: %s, then it is %s",
    (kind, act, after) => {
      const received = receive({ state, newest: 4n }, 5n, kind);
      expect(received.act).toBe(act);
      expect(received.order).toEqual({ state: after, newest: state === "closed" ? 4n : 5n });
    },
  );

  test.each(kinds)("a frame of kind %s with a number that was there is ignored", (kind) => {
    const order = { state, newest: 4n };
    for (const frameSeq of [4n, 3n, 1n])
      expect(receive(order, frameSeq, kind)).toEqual({ order, act: "ignore" });
  });

  test.each(kinds)("a frame of kind %s without a number is told so, and has no effect", (kind) => {
    const order = { state, newest: 4n };
    const isHeard = state !== "closed" && kind !== "unknown";
    for (const frameSeq of [0n, -1n])
      expect(receive(order, frameSeq, kind)).toEqual({
        order: isHeard && state === "greeting" ? closed(order) : order,
        act: isHeard ? "unnumbered" : "ignore",
      });
  });
});

test("numbers may leave gaps, and a first frame must have one", () => {
  expect(receive(newStream, 100n, "hello").order).toEqual({ state: "open", newest: 100n });
  expect(receive(newStream, 0n, "hello").act).toBe("unnumbered");
});

test("a server that drains turns open streams into draining ones, and no others", () => {
  expect(drained({ state: "open", newest: 1n }).state).toBe("draining");
  for (const state of ["greeting", "draining", "closed"] as const)
    expect(drained({ state, newest: 1n }).state).toBe(state);
});

test("the end is closed, wherever it came from", () => {
  for (const state of ["greeting", "open", "draining", "closed"] as const)
    expect(closed({ state, newest: 1n })).toEqual({ state: "closed", newest: 1n });
});
