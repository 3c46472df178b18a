import type { WriterOptions } from "../writer.ts";
import type { ReaderOptions } from "./reader-service.ts";
import { type ReaderCalls, type ReaderControls, readerVerbs } from "./reader-verbs.ts";
import { startThread, type Thread, type ThreadEvents } from "./thread.ts";
import type { Opened } from "./verb.ts";
import { type WriterCalls, type WriterControls, writerVerbs } from "./writer-verbs.ts";

/** The thread that writes. */
export type WriterThread = Thread<WriterCalls & WriterControls>;
/** The thread that reads. */
export type ReaderThread = Thread<ReaderCalls & ReaderControls>;

/** Starts the thread that writes; it opens the file when it is asked to. */
export const startWriter = (data: WriterOptions, events: ThreadEvents): WriterThread =>
  startThread({ file: "./writer-thread.ts", data }, writerVerbs, events);

/** Starts the thread that reads; it opens the file when it is asked to. */
export const startReader = (data: ReaderOptions, events: ThreadEvents): ReaderThread =>
  startThread({ file: "./reader-thread.ts", data }, readerVerbs, events);

/** Waits until a thread has its file open; throws what it was refused for. */
export async function waitUntilOpen(thread: { call(verb: "open"): Promise<Opened> }): Promise<void> {
  const { refused } = await thread.call("open");
  if (refused !== undefined) throw new Error(refused);
}
