import type { EventPosition, TaskEvent } from "../../model/event.ts";
import { instantOf, type Namespace, namespaceOf, queueNameOf, taskIdOf } from "../../model/ids.ts";
import type { EventPage, EventStore } from "../../ports/event-store.ts";
import { eventKinds, reasonOfCode } from "../sql/codes.ts";
import { type Unpacked, unpack } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";

const operation = (name: string): Verb => ({ room: "operations", name });

/** So many rows go over from an outbox in one script. */
const rowsMax = 100;

/**
 * The log of events. Each namespace's scripts write into an outbox beside its tasks; whoever reads the log, or shortens it, first moves
 * what stands there into the one log of all, in which every row has a number. A row is taken over once, however often that is tried.
 */
export const createEventVerbs = (runner: Runner): EventStore => ({
  async readEvents(after, limit) {
    await moveAll(runner);
    return readEvents(runner, after, limit);
  },
  async truncateEvents(before, bytesMax, limit) {
    await moveAll(runner);
    return numberOf(await runner.ofStore("truncateEvents", [before, bytesMax, limit]));
  },
});

const moveAll = async (runner: Runner): Promise<void> => {
  await Promise.all((await runner.names()).map((namespace) => moveEvents(runner, namespace)));
};

/** Moves the outbox of a namespace into the log. */
export async function moveEvents(runner: Runner, namespace: Namespace): Promise<void> {
  for (;;) {
    const answer = listOf(await runner.ofSpace(namespace, operation("outbox"), rowsMax));
    const [from, rows] = [numberOf(answer[0]), listOf(answer[1])];
    if (rows.length === 0) return;
    await runner.ofStore("takeEvents", [namespace, from, rows as Buffer[]]);
    await runner.ofSpace(namespace, operation("dropOutbox"), from + rows.length);
    if (rows.length < rowsMax) return;
  }
}

async function readEvents(
  runner: Runner,
  after: EventPosition | undefined,
  limit: number,
): Promise<EventPage> {
  const events: TaskEvent[] = [];
  let isTruncated = false;
  let next = after;
  for (let isFirst = true; events.length < limit; isFirst = false) {
    // A row more than there is room for events: the first one may have been read to its end.
    const count = Math.min(rowsMax, limit - events.length + 1);
    const answer = listOf(await runner.ofStore("readEvents", [next && [next.row, next.index], count]));
    const rows = listOf(answer[0]);
    if (isFirst) isTruncated = isBefore(after, positionOf(answer[1]));
    const from = next;
    for (const row of rows) {
      const facts = eventsOf(row, from).slice(0, limit - events.length);
      events.push(...facts);
    }
    next = events.at(-1)?.position ?? next;
    if (rows.length < count) break;
  }
  return { events, truncated: isTruncated };
}

const positionOf = (value: Unpacked | undefined): EventPosition | undefined =>
  maybe(value, (pair) => {
    const [row, index] = listOf(pair);
    return { row: numberOf(row), index: numberOf(index) };
  });

const isBefore = (a: EventPosition | undefined, b: EventPosition | undefined): boolean =>
  b !== undefined && (a === undefined || a.row < b.row || (a.row === b.row && a.index < b.index));

/** The events of a row of the log that come after a position. */
function eventsOf(value: Unpacked, after: EventPosition | undefined): TaskEvent[] {
  const [number, space, raw] = listOf(value);
  const row = numberOf(number);
  const namespace = namespaceOf(textOf(space));
  const facts = listOf(listOf(unpack(raw as Buffer))[2]);
  const skip = row === after?.row ? after.index + 1 : 0;
  return facts
    .flatMap(eventsAlike)
    .slice(skip)
    .map((fact, at) => ({ position: { row, index: skip + at }, namespace, ...fact }));
}

/** The events that scripts have put together, because all but the task is the same. */
function eventsAlike(value: Unpacked): Omit<TaskEvent, "position" | "namespace">[] {
  const [kind, reason, queue, at, cause, ...each] = listOf(value);
  const from = maybe(cause, (text) => taskIdOf(textOf(text)));
  const alike = {
    at: instantOf(numberOf(at)),
    queue: queueNameOf(textOf(queue)),
    kind: eventKinds.word(numberOf(kind)),
    reason: reasonOfCode(numberOf(reason)),
    ...(from !== undefined && { cause: from }),
  };
  const events: Omit<TaskEvent, "position" | "namespace">[] = [];
  for (let place = 0; place < each.length; place += 3)
    events.push({
      ...alike,
      taskId: taskIdOf(textOf(each[place])),
      revision: numberOf(each[place + 1]),
      attempt: numberOf(each[place + 2]),
    });
  return events;
}
