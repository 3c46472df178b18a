import type { OutgoingTask } from "./new-task.ts";
import type { EnqueueOutcome, Publish } from "./publisher.ts";

/** How batches are cut and sent. */
export type BatcherLimits = {
  readonly tasksMax: number;
  /** Where there are at least twice as many, they leave in several calls, so that both ends work at the same time. */
  readonly tasksWorthACall: number;
  readonly bytesMax: number;
  /** Calls under way at once. With fewer the server idles between commits, with more its commits get smaller. */
  readonly callsMax: number;
};

/** What the server takes in one call, and what keeps it busy. */
export const batcherLimits: BatcherLimits = {
  tasksMax: 1000,
  tasksWorthACall: 50,
  bytesMax: 3_670_016,
  callsMax: 4,
};

/** Tasks of one `submit`, answered together. */
type Group = {
  readonly tasks: readonly OutgoingTask[];
  readonly outcomes: EnqueueOutcome[];
  /** How many of them have left. */
  sent: number;
  /** How many have no answer. */
  open: number;
  readonly resolve: (outcomes: readonly EnqueueOutcome[]) => void;
};

/** Neighbours of one group that travel together. */
type Part = { readonly group: Group; readonly from: number; readonly to: number };

/**
 * Gathers what is enqueued in one turn of the event loop, or while as many calls as allowed are under way, into one call: a thousand
 * concurrent `enqueue()` cost one round trip and one commit. Order is kept within a batch and between batches as they leave.
 */
export class Batcher {
  readonly #publish: Publish;
  readonly #limits: BatcherLimits;
  readonly #atEndOfTurn: (run: () => void) => void;
  /** Groups with tasks that have not left, in order, and how many tasks those are. */
  #groups: Group[] = [];
  #waiting = 0;
  #calls = 0;
  #planned = false;
  #idle: (() => void)[] = [];

  constructor(publish: Publish, atEndOfTurn: (run: () => void) => void, limits = batcherLimits) {
    this.#publish = publish;
    this.#atEndOfTurn = atEndOfTurn;
    this.#limits = limits;
  }

  /** Enqueues tasks; resolves with an outcome for each, in order, when all have one. */
  submit(tasks: readonly OutgoingTask[]): Promise<readonly EnqueueOutcome[]> {
    if (tasks.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.#groups.push({ tasks, outcomes: new Array(tasks.length), sent: 0, open: tasks.length, resolve });
      this.#waiting += tasks.length;
      this.#plan();
    });
  }

  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void> {
    if (this.#calls === 0 && this.#waiting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    this.#atEndOfTurn(() => {
      this.#planned = false;
      const share = this.#share();
      while (this.#waiting > 0 && this.#calls < this.#limits.callsMax) void this.#call(this.#take(share));
    });
  }

  /** How many of the waiting tasks one call takes, so that all calls that are free have about the same to do. */
  #share(): number {
    const { tasksMax, tasksWorthACall, callsMax } = this.#limits;
    const calls = Math.min(callsMax - this.#calls, Math.floor(this.#waiting / tasksWorthACall));
    return Math.min(tasksMax, Math.ceil(this.#waiting / Math.max(1, calls)));
  }

  /** Takes as many of the first tasks as one call may have; one that is larger than a call goes alone. */
  #take(tasksMax: number): Part[] {
    const parts: Part[] = [];
    let room: Room = { tasks: tasksMax, bytes: this.#limits.bytesMax, isUntouched: true };
    let leaving = 0;
    for (const group of this.#groups) {
      const from = group.sent;
      room = fill(group, room);
      if (group.sent > from) parts.push({ group, from, to: group.sent });
      if (group.sent < group.tasks.length) break;
      leaving += 1;
    }
    this.#groups.splice(0, leaving);
    for (const { from, to } of parts) this.#waiting -= to - from;
    return parts;
  }

  async #call(parts: readonly Part[]): Promise<void> {
    this.#calls += 1;
    const outcomes = await this.#publish(messagesOf(parts));
    this.#calls -= 1;
    let next = 0;
    for (const part of parts) {
      answer(part, outcomes, next);
      next += part.to - part.from;
    }
    if (this.#waiting > 0) this.#plan();
    else if (this.#calls === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** What a call still has room for. */
type Room = { readonly tasks: number; readonly bytes: number; readonly isUntouched: boolean };

// Tag and length of a task in its call.
const framingBytes = 8;

/** Sends as many tasks of a group as there is room for; answers the room that is left. */
function fill(group: Group, room: Room): Room {
  let { tasks, bytes, isUntouched } = room;
  for (; tasks > 0; tasks -= 1) {
    const task = group.tasks[group.sent];
    if (task === undefined) break;
    bytes -= task.message.length + framingBytes;
    if (bytes < 0 && !isUntouched) return { tasks: 0, bytes: 0, isUntouched };
    isUntouched = false;
    group.sent += 1;
  }
  return { tasks, bytes, isUntouched };
}

function messagesOf(parts: readonly Part[]): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const { group, from, to } of parts)
    for (let at = from; at < to; at += 1) messages.push((group.tasks[at] as OutgoingTask).message);
  return messages;
}

function answer({ group, from, to }: Part, outcomes: readonly EnqueueOutcome[], first: number): void {
  for (let at = from; at < to; at += 1) group.outcomes[at] = outcomes[first + at - from] as EnqueueOutcome;
  group.open -= to - from;
  if (group.open === 0) group.resolve(group.outcomes);
}
