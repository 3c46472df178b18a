import type { TaskEvent } from "../../../model/event.ts";
import { instantOf, namespaceOf, queueNameOf, taskIdOf } from "../../../model/ids.ts";
import type { EventPage } from "../../../ports/event-store.ts";
import { codeOfReason, eventKinds, reasonOfCode } from "../../sql/codes.ts";
import { packed, readList, writeList } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How a page of events crosses. */
export const eventPage = packed<EventPage>(
  (to, { events, truncated }) => {
    to.flag(truncated);
    writeList(to, events, writeEvent);
  },
  (from) => ({ truncated: from.flag(), events: readList(from, readEvent) }),
);

function writeEvent(to: PacketWriter, event: TaskEvent): void {
  to.number(event.position.row);
  to.number(event.position.index);
  to.number(event.at);
  to.word(event.namespace);
  to.word(event.queue);
  to.text(event.taskId);
  to.number(eventKinds.code(event.kind));
  to.number(event.revision);
  to.number(event.attempt);
  to.number(codeOfReason(event.reason));
  to.optionalText(event.cause);
}

function readEvent(from: PacketReader): TaskEvent {
  const event = readFact(from);
  const cause = from.optionalText();
  return cause === undefined ? event : { ...event, cause: taskIdOf(cause) };
}

const readFact = (from: PacketReader): TaskEvent => ({
  position: { row: from.number(), index: from.number() },
  at: instantOf(from.number()),
  namespace: namespaceOf(from.word()),
  queue: queueNameOf(from.word()),
  taskId: taskIdOf(from.text()),
  kind: eventKinds.word(from.number()),
  revision: from.number(),
  attempt: from.number(),
  reason: reasonOfCode(from.number()),
});
