import type { Failure, Logger } from "@stem/sdk";
import type { HeldLease } from "./lease.ts";
import type { Outcome } from "./settlement.ts";
import type { WorkerStats } from "./stats.ts";
import type { StopMode } from "./stopping.ts";

/** A task as those who listen see it. */
export type TaskFacts = {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly delivery: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
};

/** What every event of a task tells. */
export type TaskEvent = { readonly task: TaskFacts };

/** How an attempt ended, as far as the worker can tell: the server has the last word. */
export type AttemptEnd = NonNullable<Outcome["case"]> | "lost";

/** How a command ended; `error`: what it failed with. */
export type CommandEnding =
  | { readonly status: "ok" | "unsupported" }
  | { readonly status: "error"; readonly error: string };

/** What happens in a worker, by name, and what is told of it. */
export type WorkerEvents = {
  /** It begins to connect. */
  readonly "worker-init": object;
  /** It is connected, and takes tasks. */
  readonly "worker-ready": object;
  /** It begins to stop. */
  readonly "worker-stopping": { readonly mode: StopMode };
  /** It has stopped. */
  readonly "worker-shutdown": object;
  /** It says to the server that it is alive. */
  readonly "worker-heartbeat": { readonly stats: WorkerStats };
  /** A thread or child process has begun. */
  readonly "worker-child-init": { readonly runner: "thread" | "process"; readonly id: number };
  /** A thread or child process is gone. */
  readonly "worker-child-shutdown": { readonly runner: "thread" | "process"; readonly id: number };
  /** An operator's command has come; by its name in the protos, "unknown" where only a newer worker knows it. */
  readonly "control-command-received": { readonly command: string };
  /** It was carried out, and its answer is on its way. */
  readonly "control-command-completed": { readonly command: string } & CommandEnding;
  /** A task has arrived; it may have to wait for a slot. */
  readonly "task-received": TaskEvent;
  /** Its handler is about to begin. */
  readonly "task-prerun": TaskEvent;
  /** Its handler has ended, one way or another. */
  readonly "task-postrun": TaskEvent & { readonly end: AttemptEnd; readonly durationMs: number };
  /** Its attempt succeeded. `result` is read when it is looked at. */
  readonly "task-succeeded": TaskEvent & { readonly durationMs: number; readonly result: unknown };
  /** Its attempt failed, and no other will follow. */
  readonly "task-failed": TaskEvent & { readonly failure: Failure };
  /** Its attempt failed or asked for another, and another will follow. */
  readonly "task-retry": TaskEvent & { readonly failure: Failure; readonly delayMs: number | undefined };
  /** Its attempt ended because somebody cancelled the task. */
  readonly "task-revoked": TaskEvent & { readonly reason: string };
  /** Its handler asked for a heartbeat. */
  readonly "task-heartbeat": TaskEvent;
  /** Its handler says how far it has come. */
  readonly "task-progress": TaskEvent & { readonly percent: number | undefined; readonly message: string };
  /** Its attempt has run for longer than its soft time limit, and its handler was told. */
  readonly "task-soft-timeout": TaskEvent & { readonly softTimeLimitMs: number };
  /** Its attempt ran for longer than its time limit. */
  readonly "task-timeout": TaskEvent & { readonly timeLimitMs: number };
};

/** The name of something that happens. */
export type WorkerEventName = keyof WorkerEvents;

/** How to listen. */
export type ListenOptions<Name extends WorkerEventName> = {
  /** Only to the first. Default false. */
  readonly once?: boolean;
  /** Only to those for which it says true. */
  readonly filter?: (event: WorkerEvents[Name]) => boolean;
  /** The highest is called first; among equals, whoever came first. Default 0. */
  readonly priority?: number;
};

/** Called with what happens. Whatever it returns is not waited for, and whatever it throws is logged. */
export type Listener<Name extends WorkerEventName> = (event: WorkerEvents[Name]) => unknown;

type Entry = {
  readonly listener: Listener<WorkerEventName>;
  readonly filter: ((event: object) => boolean) | undefined;
  readonly once: boolean;
  readonly priority: number;
};

/** Who listens to what. A listener's errors concern neither the worker nor the other listeners. */
export class EventHub {
  readonly #log: Logger;
  readonly #entries = new Map<WorkerEventName, readonly Entry[]>();
  /** Whether anybody listens to tasks: nothing is made for their events otherwise. */
  hearsTasks = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Listens; the answer ends it. */
  on<Name extends WorkerEventName>(
    name: Name,
    listener: Listener<Name>,
    { once = false, filter, priority = 0 }: ListenOptions<Name> = {},
  ): () => void {
    const entry = { listener, filter, once, priority } as Entry;
    const others = this.#entries.get(name) ?? [];
    this.#set(
      name,
      [...others, entry].toSorted((a, b) => b.priority - a.priority),
    );
    return () => this.#remove(name, entry);
  }

  /** Whether anybody listens to this. */
  hears(name: WorkerEventName): boolean {
    return this.#entries.has(name);
  }

  /** Tells those who listen. */
  emit<Name extends WorkerEventName>(name: Name, event: WorkerEvents[Name]): void {
    for (const entry of this.#entries.get(name) ?? []) this.#tell(name, entry, event);
  }

  #tell(name: WorkerEventName, entry: Entry, event: object): void {
    try {
      if (entry.filter && !entry.filter(event)) return;
      if (entry.once) this.#remove(name, entry);
      const returned: unknown = entry.listener(event as never);
      if (returned instanceof Promise) returned.catch((error: unknown) => this.#failed(name, error));
    } catch (error) {
      this.#failed(name, error);
    }
  }

  #failed(event: WorkerEventName, error: unknown): void {
    this.#log.warn({ event, error }, "a listener failed");
  }

  #remove(name: WorkerEventName, entry: Entry): void {
    this.#set(
      name,
      (this.#entries.get(name) ?? []).filter((each) => each !== entry),
    );
  }

  #set(name: WorkerEventName, entries: readonly Entry[]): void {
    if (entries.length > 0) this.#entries.set(name, entries);
    else this.#entries.delete(name);
    this.hearsTasks = [...this.#entries.keys()].some((each) => each.startsWith("task-"));
  }
}

/** A task as those who listen see it. */
export const factsOf = ({ grant, task }: HeldLease): TaskFacts => ({
  id: grant.taskId,
  name: task.name,
  queue: grant.queue,
  attempt: grant.attempt,
  maxAttempts: grant.maxAttempts,
  delivery: grant.delivery,
  headers: task.headers,
  tags: task.tags,
});
