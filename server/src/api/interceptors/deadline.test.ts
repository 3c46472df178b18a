import { LockService } from "@stem/proto/stem/v1/lock_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { deadlineMs, deadlineMsMax } from "./deadline.ts";

const { getTask, awaitTasks } = TaskService.method;

test("a caller's own time limit holds, for any call", () => {
  expect(deadlineMs(getTask, 100, limits)).toBe(100);
  expect(deadlineMs(getTask, 120_000, limits)).toBe(120_000);
  expect(deadlineMs(awaitTasks, 100, limits)).toBe(100);
});

test("a limit beyond what timers hold is cut", () => {
  expect(deadlineMs(getTask, 1e15, limits)).toBe(deadlineMsMax);
  expect(deadlineMsMax).toBeLessThan(2 ** 31);
});

test("a unary call without one gets the server's, a stream none", () => {
  expect(deadlineMs(getTask, undefined, limits)).toBe(limits.unaryMsMax);
  expect(deadlineMs(awaitTasks, undefined, limits)).toBeUndefined();
});

test("a lock that may be waited for as long as a call may take has time to wait and to answer", () => {
  expect(deadlineMs(LockService.method.acquireLock, undefined, limits)).toBe(
    limits.unaryMsMax + limits.lockWaitMsMax,
  );
});

test("a lease that may wait as long as a call may take has time to wait and to answer", () => {
  expect(deadlineMs(WorkerService.method.leaseTasks, undefined, limits)).toBe(
    limits.unaryMsMax + limits.leaseWaitMsMax,
  );
});
