import { TaskStateReason as ProtoReason } from "@stem/proto/stem/v1/task_pb";
import { TaskState as ProtoState } from "@stem/proto/stem/v1/task_state_pb";
import { expect, test } from "vitest";
import {
  isCancelled,
  isFailed,
  isRunning,
  isSucceeded,
  isTerminal,
  isWaiting,
  stateFromProto,
  stateReasonFromProto,
} from "./task-state.ts";

test("each state is exactly one of waiting, running and ended, and ended in exactly one way", () => {
  const questions = [isWaiting, isRunning, isSucceeded, isFailed, isCancelled];
  const names = ["isWaiting", "isRunning", "isSucceeded", "isFailed", "isCancelled"];
  const answers = (["scheduled", "ready", "leased", "succeeded", "failed", "cancelled"] as const).map(
    (state) => [state, names.filter((_, i) => questions[i]?.(state)).join(), isTerminal({ state })],
  );
  expect(answers).toEqual([
    ["scheduled", "isWaiting", false],
    ["ready", "isWaiting", false],
    ["leased", "isRunning", false],
    ["succeeded", "isSucceeded", true],
    ["failed", "isFailed", true],
    ["cancelled", "isCancelled", true],
  ]);
});

test("every state and every reason of the wire has a word", () => {
  for (const [name, value] of Object.entries(ProtoState))
    expect(stateFromProto(value)).toBe(name === "UNSPECIFIED" ? undefined : name.toLowerCase());
  for (const [name, value] of Object.entries(ProtoReason))
    expect(stateReasonFromProto(value)).toBe(name === "UNSPECIFIED" ? undefined : name.toLowerCase());
});

test("what a newer server adds is not mistaken for something known", () => {
  expect(stateFromProto(99 as ProtoState)).toBeUndefined();
  expect(stateReasonFromProto(99 as ProtoReason)).toBeUndefined();
});
