/**
 * @stem/sdk/testing: for the tests of whoever enqueues tasks. A client that only records (fake-client.ts), and a clock that stands still
 * until it is told to go on (test-clock.ts). Servers and workers for tests come from @stem/server/testing and @stem/worker/testing.
 */

export type { RecordedBroadcast } from "./testing/fake-broadcasts.ts";
export type { RecordedCanvas } from "./testing/fake-canvases.ts";
export type { Answer, FakeClient } from "./testing/fake-client.ts";
export { createFakeClient } from "./testing/fake-client.ts";
export { NoAnswerError } from "./testing/fake-handles.ts";
export type { RecordedEvent } from "./testing/fake-queue-events.ts";
export { NoServerError } from "./testing/no-operators.ts";
export type { RecordedEnqueue } from "./testing/recorded-enqueue.ts";
export type { TestClock } from "./testing/test-clock.ts";
export { createTestClock } from "./testing/test-clock.ts";
