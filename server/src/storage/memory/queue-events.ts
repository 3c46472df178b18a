import { isRefusal, refusalToEmit } from "../../model/admission.ts";
import type { Instant } from "../../model/ids.ts";
import { cutLog, emptyTally, isBeyond, tallyWith, tallyWithout } from "../../model/kept-log.ts";
import { queueEventBounds, queueEventBytes } from "../../model/queue-event.ts";
import type {
  EmitVerdict,
  NewQueueEvent,
  QueueEventPage,
  QueueEventQuery,
  QueueEventStore,
} from "../../ports/queue-event-store.ts";
import { queueEventPageOf } from "../log-pages.ts";
import type { QueueEventLog } from "./entry.ts";
import { openQueue, queueAt, queueRoom, spaceRoom } from "./rooms.ts";
import { type State, spaceOf } from "./state.ts";

/** Named events on queues; `call` runs a verb as one transaction. */
export const createQueueEventStore = (
  state: State,
  call: <T>(verb: () => T) => Promise<T>,
): QueueEventStore => ({
  emitQueueEvent: (event) => call(() => emit(state, event)),
  readQueueEvents: (query) => call(() => readEvents(state, query)),
  pruneQueueEvents: (before, limit) => call(() => prune(state, before, limit)),
});

function emit(state: State, { ref, id, name, body, now }: NewQueueEvent): EmitVerdict {
  const space = spaceOf(state, ref.namespace);
  const queue = openQueue(state, space, ref.queue, now);
  if (isRefusal(queue)) return queue;
  const refusal = refusalToEmit(spaceRoom(state, space), queueRoom(queue));
  if (refusal !== undefined) return refusal;
  queue.events ??= { nextOffset: 0, tally: emptyTally, events: [] };
  const log = queue.events;
  const same = log.events.find((event) => event.id === id);
  if (same !== undefined) {
    const isSame = same.name === name && Buffer.compare(same.body, body) === 0;
    return isSame ? { kind: "duplicate", offset: same.offset } : { kind: "exists" };
  }
  const event = { offset: log.nextOffset, id, name, at: now, body: body.slice() };
  log.events.push(event);
  log.nextOffset += 1;
  log.tally = tallyWith(log.tally, queueEventBytes(event));
  while (isBeyond(log.tally, queueEventBounds(state.limits))) dropOldest(log);
  return { kind: "emitted", offset: event.offset };
}

function dropOldest(log: QueueEventLog): void {
  const oldest = log.events.shift();
  if (oldest === undefined) throw new Error("a tally counts an event that is not there");
  log.tally = tallyWithout(log.tally, { offset: oldest.offset, bytes: queueEventBytes(oldest) });
}

function readEvents(state: State, { ref, from, names, limit, bytesMax }: QueueEventQuery): QueueEventPage {
  const log = queueAt(state.spaces.get(ref.namespace), ref.queue)?.events;
  const end = log?.nextOffset ?? 0;
  const start = from ?? end;
  const wanted = (log?.events ?? []).filter(
    ({ offset, name }) => offset >= start && (names.length === 0 || names.includes(name)),
  );
  const cut = cutLog(wanted, { limit, bytesMax });
  return queueEventPageOf(cut, { start, end, tally: log?.tally ?? emptyTally });
}

function prune(state: State, before: Instant, limit: number): number {
  let dropped = 0;
  for (const { queues } of state.spaces.values())
    for (const { events: log } of queues.values())
      while (log?.events[0] !== undefined && log.events[0].at < before && dropped < limit) {
        dropOldest(log);
        dropped += 1;
      }
  return dropped;
}
