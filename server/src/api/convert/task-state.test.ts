import { TaskStateReasonSchema } from "@stem/proto/stem/v1/task_pb";
import { TaskStateSchema, TaskState as WireState } from "@stem/proto/stem/v1/task_state_pb";
import { expect, test } from "vitest";
import { type StateReason, taskStates } from "../../model/task.ts";
import { stateReasonToProto, taskStateFromProto, taskStateToProto } from "./task-state.ts";

test("every state has its namesake on the wire, and back", () => {
  for (const state of taskStates) {
    const wire = taskStateToProto(state);
    expect(TaskStateSchema.value[wire]?.name).toBe(`TASK_STATE_${state.toUpperCase()}`);
    expect(taskStateFromProto(wire)).toBe(state);
  }
  expect(taskStates).toHaveLength(TaskStateSchema.values.length - 1);
});

test("no state is UNSPECIFIED, and neither that nor an unknown number is a state", () => {
  expect(taskStateToProto(undefined)).toBe(WireState.UNSPECIFIED);
  expect(taskStateFromProto(WireState.UNSPECIFIED)).toBeUndefined();
  expect(taskStateFromProto(99 as WireState)).toBeUndefined();
});

test("every reason on the wire has its namesake in the model", () => {
  for (const { name, number } of TaskStateReasonSchema.values) {
    if (number === 0) continue;
    const reason = name.replace("TASK_STATE_REASON_", "").toLowerCase() as StateReason;
    expect(stateReasonToProto(reason)).toBe(number);
  }
  expect(stateReasonToProto(undefined)).toBe(0);
});
