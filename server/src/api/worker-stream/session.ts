/**
 * Which frames a worker may send when: the life of its stream as a pure function. Whoever reads frames asks here what to do with each,
 * and does it. The drawing, and what happens on bad days, is in docs/wire.md.
 *
 *   greeting ──Hello──▶ open ──Goodbye, or the server drains──▶ draining ──end──▶ closed
 */

import type { ConnectRequest } from "@stem/proto/stem/v1/worker_service_pb";

/** greeting: no Hello yet. open: all goes. draining: nothing more is granted, settlements are taken. closed: nothing goes. */
export type StreamState = "greeting" | "open" | "draining" | "closed";

/** The kinds of frames; "unknown" is one of a later protocol, or an empty one. */
export type FrameKind = NonNullable<ConnectRequest["frame"]["case"]> | "unknown";

/** Where a stream is, and the number of the newest frame that was not ignored for its number. */
export type StreamOrder = { readonly state: StreamState; readonly newest: bigint };

/**
 * What to do with a frame. greet: open the session. leave: grant nothing more. refuse: close, it may not come now. unnumbered: it has no
 * number, and cannot be a repeat of one that had; say so, and close where it would have been the first.
 */
export type FrameAct = "greet" | "process" | "leave" | "ignore" | "refuse" | "unnumbered";

/** A stream that has just begun. */
export const newStream: StreamOrder = { state: "greeting", newest: 0n };

/** What to do with a frame, and where the stream is then. A number that was there is ignored, whatever the frame says. */
export function receive(
  order: StreamOrder,
  frameSeq: bigint,
  kind: FrameKind,
): { readonly order: StreamOrder; readonly act: FrameAct } {
  if (order.state === "closed") return { order, act: "ignore" };
  if (frameSeq < 1n && kind !== "unknown") {
    return { order: order.state === "greeting" ? closed(order) : order, act: "unnumbered" };
  }
  if (frameSeq <= order.newest) return { order, act: "ignore" };
  const act = actOf(order.state, kind);
  return { order: { state: stateAfter(order.state, act), newest: frameSeq }, act };
}

/** The stream when the server drains. */
export const drained = (order: StreamOrder): StreamOrder =>
  order.state === "open" ? { ...order, state: "draining" } : order;

/** The stream when it is over. */
export const closed = (order: StreamOrder): StreamOrder => ({ ...order, state: "closed" });

/** What the stream expects, for whoever sent something else. */
export const expectation = (state: StreamState): string =>
  state === "greeting" ? "hello first" : "hello only once, as the first frame";

function actOf(state: StreamState, kind: FrameKind): FrameAct {
  if (kind === "unknown") return "ignore";
  if (state === "greeting") return kind === "hello" ? "greet" : "refuse";
  if (kind === "hello") return "refuse";
  if (kind === "goodbye") return "leave";
  return state === "draining" && kind === "credit" ? "ignore" : "process";
}

function stateAfter(state: StreamState, act: FrameAct): StreamState {
  switch (act) {
    case "greet":
      return "open";
    case "leave":
      return "draining";
    case "refuse":
      return "closed";
    default:
      return state;
  }
}
