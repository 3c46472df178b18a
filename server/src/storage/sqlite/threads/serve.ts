import { type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads";
import type { GateNews } from "../../../ports/gate-store.ts";
import { textOf } from "../problems.ts";
import type { Outgoing } from "./execute.ts";
import type { Replies, Request } from "./messages.ts";
import type { Opened } from "./verb.ts";

/** What a thread does with requests. */
export type Service = {
  /** Answers all of these. */
  run(requests: readonly Request[]): readonly Outgoing[];
  /** How long the write-ahead log is now; undefined where this thread does not write. */
  walPages(): number | undefined;
  /** What gates did since it was asked last; undefined: nothing, or this thread does not write. */
  takeGateNews(): GateNews | undefined;
  /** Whether the last request was answered. */
  readonly isClosed: boolean;
};

/** How a thread is run. */
export type Serving = {
  /** Opens what the thread works on, at the first request; what it throws is the answer to that. */
  readonly open: () => Service;
  /** Requests are answered together until this much work is among them: more would only keep the first waiting. */
  readonly itemsMax: number;
};

/** Answers the requests of the main thread, as many at a time as wait, until one of them closes the service. No timer. */
export function serve({ open, itemsMax }: Serving): void {
  const port = parentPort;
  if (port === null) throw new Error("this file is the entry of a thread");
  port.once("message", ([opening]: [Request]) => {
    // Told to end before it was ever opened: the other thread was refused.
    if (opening.verb === "close") return port.close();
    const [service, opened] = tryOpen(open);
    post(port, [{ reply: { id: opening.id, data: opened }, transfer: [] }]);
    // Refused: whoever asked ends the thread with the next message.
    if (service === undefined) port.once("message", () => port.close());
    else port.on("message", (requests: Request[]) => answerWaiting(port, service, requests, itemsMax));
  });
}

function tryOpen(open: () => Service): [Service | undefined, Opened] {
  try {
    return [open(), { refused: undefined }];
  } catch (error) {
    return [undefined, { refused: textOf(error) }];
  }
}

function answerWaiting(
  port: MessagePort,
  service: Service,
  first: readonly Request[],
  itemsMax: number,
): void {
  const waiting = [...first];
  while (waiting.length > 0) {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      waiting.push(...(next.message as Request[]));
    }
    post(port, service.run(takeGroup(waiting, itemsMax)), service);
  }
  if (service.isClosed) port.close();
}

/** Takes requests from the front until there is enough work. */
function takeGroup(waiting: Request[], itemsMax: number): Request[] {
  let items = 0;
  const last = waiting.findIndex((request) => {
    items += request.items;
    return items >= itemsMax;
  });
  return waiting.splice(0, last < 0 ? waiting.length : last + 1);
}

function post(port: MessagePort, outgoing: readonly Outgoing[], service?: Service): void {
  if (outgoing.length === 0) return;
  const replies: Replies = {
    replies: outgoing.map(({ reply }) => reply),
    walPages: service?.walPages(),
    gateNews: service?.takeGateNews(),
  };
  port.postMessage(
    replies,
    outgoing.flatMap(({ transfer }) => transfer),
  );
}
