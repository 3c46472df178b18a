import type { OutputStore } from "../../ports/output-store.ts";
import type { QueueEventStore } from "../../ports/queue-event-store.ts";
import type { Asking } from "./asking.ts";
import { emitQueueEvent, pruneQueueEvents, readQueueEvents } from "./queue-events.ts";
import { readOutput } from "./read-output.ts";
import { writeOutput } from "./write-output.ts";

/** What tasks put out, and what is made known on queues. */
export const createKeptLogStore = ({ lane, snapshot }: Asking): OutputStore & QueueEventStore => ({
  writeOutput: (writes) => lane.ask(writeOutput, writes),
  readOutput: (query) => snapshot((db) => readOutput(db, query)),
  emitQueueEvent: (event) => lane.call({}, (work) => emitQueueEvent(work, event)),
  readQueueEvents: (query) => snapshot((db) => readQueueEvents(db, query)),
  pruneQueueEvents: (before, limit) => lane.call({}, (work) => pruneQueueEvents(work, before, limit)),
});
