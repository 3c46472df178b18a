import type { Transferable, Worker } from "node:worker_threads";
import type { Request } from "./messages.ts";

/** Requests on their way to a thread. */
export type Outbox = { add(request: Request, transfer: readonly Transferable[]): void };

/** So much work is posted at once: the thread is to begin with it while this one goes on. */
const worthItems = 50;

/**
 * Makes one that posts the small requests of a turn of the event loop as one message. A claim that an enqueue wakes is asked for some
 * promises later: posted apart, it would come when the thread has begun to commit, and wait for a second sync.
 */
export function createOutbox(port: Pick<Worker, "postMessage">): Outbox {
  let requests: Request[] = [];
  let transfers: Transferable[] = [];

  function post(): void {
    if (requests.length === 0) return;
    const [message, moved] = [requests, transfers];
    [requests, transfers] = [[], []];
    port.postMessage(message, moved);
  }

  return {
    add(request, transfer) {
      requests.push(request);
      transfers.push(...transfer);
      if (request.items >= worthItems) post();
      // Between the microtasks and the next callback: whatever promises of this turn lead to has been asked by then.
      else if (requests.length === 1) queueMicrotask(() => process.nextTick(post));
    },
  };
}
