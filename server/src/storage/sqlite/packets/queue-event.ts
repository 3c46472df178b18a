import { instantOf, namespaceOf, queueNameOf } from "../../../model/ids.ts";
import type { QueueEvent } from "../../../model/queue-event.ts";
import type { NewQueueEvent, QueueEventPage } from "../../../ports/queue-event-store.ts";
import { packed, readList, writeList } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How an event crosses on its way in. */
export const newQueueEvent = packed<[event: NewQueueEvent]>(
  (to, [{ ref, id, name, body, now }]) => {
    to.text(ref.namespace);
    to.text(ref.queue);
    to.text(id);
    to.text(name);
    to.bytes(body);
    to.number(now);
  },
  (from) => [
    {
      ref: { namespace: namespaceOf(from.text()), queue: queueNameOf(from.text()) },
      id: from.text(),
      name: from.text(),
      body: from.bytes(),
      now: instantOf(from.number()),
    },
  ],
);

/** How events cross on their way out. */
export const queueEventPage = packed<QueueEventPage>(
  (to, { events, gap, next, hasMore }) => {
    writeList(to, events, writeEvent);
    to.optionalNumber(gap?.keptFrom);
    to.optionalNumber(gap?.dropped);
    to.number(next);
    to.flag(hasMore);
  },
  (from) => ({
    events: readList(from, readEvent),
    gap: readGap(from),
    next: from.number(),
    hasMore: from.flag(),
  }),
);

function readGap(from: PacketReader): QueueEventPage["gap"] {
  const [keptFrom, dropped] = [from.optionalNumber(), from.optionalNumber()];
  return keptFrom === undefined || dropped === undefined ? undefined : { keptFrom, dropped };
}

function writeEvent(to: PacketWriter, { offset, id, name, at, body }: QueueEvent): void {
  to.number(offset);
  to.text(id);
  to.word(name);
  to.number(at);
  to.bytes(body);
}

const readEvent = (from: PacketReader): QueueEvent => ({
  offset: from.number(),
  id: from.text(),
  name: from.word(),
  at: instantOf(from.number()),
  body: from.bytes(),
});
