import type { AttemptRecord } from "../../model/attempt.ts";
import { contentHashOf } from "../../model/content-hash.ts";
import type { Replay } from "../../model/dead-letter.ts";
import type { Labels } from "../../model/gate.ts";
import type { Stage, Tied } from "../../model/gatekeeper.ts";
import type { Bytes, Instant, PartId, QueueName } from "../../model/ids.ts";
import type { LogTally } from "../../model/kept-log.ts";
import type { Place } from "../../model/place.ts";
import type { QueuePause, QueueSettings } from "../../model/queue.ts";
import type { QueueEvent } from "../../model/queue-event.ts";
import type { Schedule, SlotRecord } from "../../model/schedule-record.ts";
import type { Link, TaskHead, TaskInput, TaskState } from "../../model/task.ts";
import type { OutputEntry, OutputHead } from "../../model/task-output.ts";
import type { KeyTurns } from "../../model/turn.ts";
import type { Heap, Placed } from "./heap.ts";

/** One task. It stands in exactly one heap: the one of its state. */
export type Entry = Placed &
  Omit<Tied, "priority" | "turn"> & {
    priority: number;
    turn: number;
    /** Where it stands among its gates while it is ready. */
    held: Stage;
    queue: QueueEntry;
    content: Bytes;
    /** How much of its content is counted in its namespace's backlog. */
    countedBytes: number;
    contentHash: string | undefined;
    /** Replaced with every change and never changed itself, so that readers may keep it. */
    head: TaskHead;
    result: Bytes | undefined;
    failure: Bytes | undefined;
    /** What the newest attempt that left something left. */
    checkpoint: Bytes | undefined;
    /** The unique key that it claimed, where it did. */
    claim: Claim | undefined;
    links: readonly Link[] | undefined;
    input: TaskInput | undefined;
    /** Where it is in its canvas. */
    member: Place | undefined;
    next: PartId | undefined;
    /** The outcome that settled the newest lease; undefined while that is open. */
    outcomeHash: number | undefined;
    /** Attempts that ended badly, oldest first; undefined while there was none. */
    attempts?: AttemptRecord[];
    /** The task that replays this one. */
    replay?: Replay;
    /** What its attempts put out; undefined while that is nothing. */
    output?: TaskOutput;
  };

/** A claim of a unique key, also when it is over. */
export type Claim = {
  readonly key: string;
  readonly holder: Entry;
  readonly claimedAt: Instant;
  readonly keepUntil: Instant | undefined;
  readonly startBy: Instant | undefined;
  /** When it is free, known once its scope is over. */
  freeAt: Instant | undefined;
  duplicates: number;
};

/** The ready tasks of one queue and priority that stand free and ask for the same labels, in the order of grants. */
export type Lane = Placed & { readonly labels: Labels | undefined; readonly ready: Heap<Entry> };

/** What a task has put out, as far as it is kept. */
export type TaskOutput = { head: OutputHead; entries: OutputEntry[] };

/** The events of a queue, as far as they are kept. */
export type QueueEventLog = { nextOffset: number; tally: LogTally; readonly events: QueueEvent[] };

/** A schedule, and what became of its slots, oldest first. It stands in its heap while somebody has to look at it. */
export type ScheduleEntry = Placed & { schedule: Schedule; readonly records: SlotRecord[] };

/** What a task is known by. */
export const hashOf = ({ head, content, contentHash }: Entry): string =>
  contentHashOf({ namespace: head.namespace, content, contentHash });

/** What has not ended. */
export type Backlog = { tasks: number; bytes: number };

/** One queue. */
export type QueueEntry = {
  readonly name: QueueName;
  createdAt: Instant;
  /** That of its namespace. */
  readonly backlog: Backlog;
  settings: QueueSettings;
  revision: number;
  /** deleted: what is left of it are the records of tasks that ended. */
  life: "there" | "deleting" | "deleted";
  /** When it was deleted. */
  leftAt: Instant | undefined;
  /** By priority and labels. */
  readonly lanes: Map<string, Lane>;
  /** Where keys take turns: the highest turn that was granted. Undefined: nobody has said a key. */
  turn: number | undefined;
  readonly turns: Map<string, KeyTurns>;
  readonly depth: Record<TaskState, number>;
  /** How many of them are ready, by priority. */
  readonly priorities: Map<number, number>;
  pause: QueuePause | undefined;
  /** What was made known on it; undefined while that is nothing. */
  events?: QueueEventLog;
};
