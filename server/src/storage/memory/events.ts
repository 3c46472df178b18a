import type { EventPosition, TaskEvent, TaskEventKind } from "../../model/event.ts";
import { type Instant, instantOf } from "../../model/ids.ts";
import type { TaskHead } from "../../model/task.ts";
import type { EventPage } from "../../ports/event-store.ts";

/** The outbox: one row a call, so that a row is what one transaction did. */
export type EventLog = {
  /** Notes that the task has just become what its head says. */
  note(head: TaskHead, kind: TaskEventKind, at: Instant): void;
  /** Ends the row of one call. */
  seal(): void;
  read(after: EventPosition | undefined, limit: number): EventPage;
  truncate(before: Instant, bytesMax: number, limit: number): number;
};

type Fact = Omit<TaskEvent, "position">;
type Row = { readonly number: number; readonly facts: readonly Fact[]; readonly newestAt: Instant };

/** What an event costs about, its share of the row included. */
const factBytes = 128;

/** Makes an empty log. */
export function createEventLog(): EventLog {
  let rows: Row[] = [];
  let open: Fact[] = [];
  let factCount = 0;
  let lastRow = 0;
  let lastDropped: EventPosition | undefined;

  function seal(): void {
    if (open.length === 0) return;
    lastRow += 1;
    factCount += open.length;
    const newestAt = open.reduce((at, fact) => (fact.at > at ? fact.at : at), instantOf(0));
    rows.push({ number: lastRow, facts: open, newestAt });
    open = [];
  }

  function read(after: EventPosition | undefined, limit: number): EventPage {
    const events: TaskEvent[] = [];
    const first = lastRow - rows.length + 1;
    const from = Math.max(0, (after?.row ?? 0) - first);
    for (let at = from; at < rows.length && events.length < limit; at += 1) {
      const row = rows[at];
      if (row === undefined) break;
      const skip = row.number === after?.row ? after.index + 1 : 0;
      const facts = row.facts.slice(skip, skip + limit - events.length);
      facts.forEach((fact, i) => {
        events.push({ ...fact, position: { row: row.number, index: skip + i } });
      });
    }
    return { events, truncated: lastDropped !== undefined && isBefore(after, lastDropped) };
  }

  function truncate(before: Instant, bytesMax: number, limit: number): number {
    let dropped = 0;
    for (const row of rows) {
      const isTooMuch = factCount * factBytes > bytesMax;
      if (dropped >= limit || !(row.newestAt < before || isTooMuch)) break;
      factCount -= row.facts.length;
      lastDropped = { row: row.number, index: row.facts.length - 1 };
      dropped += 1;
    }
    rows = rows.slice(dropped);
    return dropped;
  }

  return {
    note: (head, kind, at) => open.push(factOf(head, kind, at)),
    seal,
    read,
    truncate,
  };
}

function factOf(head: TaskHead, kind: TaskEventKind, at: Instant): Fact {
  const { namespace, queue, id, revision, attempt, reason } = head;
  const cause = kind === "accepted" ? head.lineage?.parentId : undefined;
  return { at, namespace, queue, taskId: id, kind, revision, attempt, reason, ...(cause && { cause }) };
}

const isBefore = (a: EventPosition | undefined, b: EventPosition): boolean =>
  a === undefined || a.row < b.row || (a.row === b.row && a.index < b.index);
