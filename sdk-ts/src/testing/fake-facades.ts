import type { StemClient } from "../client.ts";
import { createFakeLocks } from "./fake-locks.ts";
import { fakeQueueEvents } from "./fake-queue-events.ts";
import { noOperators } from "./no-operators.ts";

/** What a client without a server has beside enqueueing: real locks, which this process has for itself, a record
 * of events, and neither operators nor a clock to start something by. */
export const createFakeFacades = (closing: AbortSignal, events: Parameters<typeof fakeQueueEvents>[0]) => ({
  queueEvents: fakeQueueEvents(events, closing),
  locks: createFakeLocks(closing),
  tasks: noOperators<StemClient["tasks"]>("tasks"),
  canvases: noOperators<StemClient["canvases"]>("canvases"),
  deadLetters: noOperators<StemClient["deadLetters"]>("deadLetters"),
  queues: noOperators<StemClient["queues"]>("queues"),
  limits: noOperators<StemClient["limits"]>("limits"),
  routing: noOperators<StemClient["routing"]>("routing"),
  definitions: noOperators<StemClient["definitions"]>("definitions"),
  uniqueClaims: noOperators<StemClient["uniqueClaims"]>("uniqueClaims"),
  control: noOperators<StemClient["control"]>("control"),
  namespaces: noOperators<StemClient["namespaces"]>("namespaces"),
  schedules: noOperators<StemClient["schedules"]>("schedules"),
});
