import type { StemClient } from "../client.ts";
import { createFakeLocks } from "./fake-locks.ts";
import { noOperators } from "./no-operators.ts";

/** What a client without a server has beside enqueueing: real locks, which this process has for itself, and no operators. */
export const createFakeFacades = (closing: AbortSignal) => ({
  locks: createFakeLocks(closing),
  tasks: noOperators<StemClient["tasks"]>("tasks"),
  deadLetters: noOperators<StemClient["deadLetters"]>("deadLetters"),
  queues: noOperators<StemClient["queues"]>("queues"),
  namespaces: noOperators<StemClient["namespaces"]>("namespaces"),
});
