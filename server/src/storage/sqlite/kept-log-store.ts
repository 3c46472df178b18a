import { StemProblem } from "../../model/problem.ts";
import type { OutputStore } from "../../ports/output-store.ts";
import type { QueueEventStore } from "../../ports/queue-event-store.ts";
import type { ReaderThread, WriterThread } from "./threads/threads.ts";

/** What these calls go to. */
export type KeptLogParts = {
  readonly ask: <T>(call: () => Promise<T>) => Promise<T>;
  readonly writer: WriterThread;
  readonly reader: ReaderThread;
  /** Whether the disk has too little room for anything new. */
  readonly isDiskLow: () => boolean;
};

/** What tasks put out and is made known on queues, as the two threads keep it. What is new has to leave room for settling. */
export function createKeptLogStore({
  ask,
  writer,
  reader,
  isDiskLow,
}: KeptLogParts): OutputStore & QueueEventStore {
  const askForRoom = <T>(call: () => Promise<T>): Promise<T> =>
    ask(() => {
      if (isDiskLow()) throw new StemProblem({ reason: "STORE_FULL" });
      return call();
    });
  return {
    writeOutput: (writes) => askForRoom(() => writer.call("writeOutput", writes)),
    readOutput: (query) => ask(() => reader.call("readOutput", query)),
    emitQueueEvent: (event) => askForRoom(() => writer.call("emitQueueEvent", event)),
    readQueueEvents: (query) => ask(() => reader.call("readQueueEvents", query)),
    pruneQueueEvents: (before, limit) => ask(() => writer.call("pruneQueueEvents", before, limit)),
  };
}
