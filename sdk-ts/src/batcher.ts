import type { NewTask } from "@stem/proto/stem/v1/task_pb";
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
  readonly outcomes: EnqueueOutcome[];
  open: number;
  readonly resolve: (outcomes: readonly EnqueueOutcome[]) => void;
};

type Entry = { readonly outgoing: OutgoingTask; readonly group: Group; readonly place: number };

/**
 * Gathers what is enqueued in one turn of the event loop, or while as many calls as allowed are under way, into one call: a thousand
 * concurrent `enqueue()` cost one round trip and one commit. Order is kept within a batch and between batches as they leave.
 */
export class Batcher {
  readonly #publish: Publish;
  readonly #limits: BatcherLimits;
  readonly #atEndOfTurn: (run: () => void) => void;
  #waiting: Entry[] = [];
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
      const group: Group = { outcomes: [], open: tasks.length, resolve };
      tasks.forEach((outgoing, place) => {
        this.#waiting.push({ outgoing, group, place });
      });
      this.#plan();
    });
  }

  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void> {
    if (this.#calls === 0 && this.#waiting.length === 0) return Promise.resolve();
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
      while (this.#waiting.length > 0 && this.#calls < this.#limits.callsMax)
        void this.#call(this.#take(share));
    });
  }

  /** How many of the waiting tasks one call takes, so that all calls that are free have about the same to do. */
  #share(): number {
    const { tasksMax, tasksWorthACall, callsMax } = this.#limits;
    const waiting = this.#waiting.length;
    const calls = Math.min(callsMax - this.#calls, Math.floor(waiting / tasksWorthACall));
    return Math.min(tasksMax, Math.ceil(waiting / Math.max(1, calls)));
  }

  #take(tasksMax: number): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const { outgoing } of this.#waiting) {
      if (count === tasksMax) break;
      bytes += outgoing.bytesMax;
      if (count > 0 && bytes > this.#limits.bytesMax) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #call(entries: readonly Entry[]): Promise<void> {
    this.#calls += 1;
    const tasks: NewTask[] = entries.map(({ outgoing }) => outgoing.task);
    const outcomes = await this.#publish(tasks);
    this.#calls -= 1;
    outcomes.forEach((outcome, i) => {
      const entry = entries[i];
      if (entry) answer(entry, outcome);
    });
    if (this.#waiting.length > 0) this.#plan();
    else if (this.#calls === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function answer({ group, place }: Entry, outcome: EnqueueOutcome): void {
  group.outcomes[place] = outcome;
  group.open -= 1;
  if (group.open === 0) group.resolve(group.outcomes);
}
