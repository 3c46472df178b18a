import type { Progress, Task } from "@stem/proto/stem/v1/task_pb";
import type { AwaitTasksResponse, TaskUpdate } from "@stem/proto/stem/v1/task_service_pb";
import { type Backoff, fullJitterMs } from "./backoff.ts";
import { atEndOfTurn, type CancelTimer, type Clock, type Random } from "./clock.ts";
import type { Logger } from "./log.ts";
import { isTransient, type StemProblem } from "./problem.ts";
import { problemFrom, problemFromStatus } from "./problem-from.ts";
import { ClientClosedError } from "./task-errors.ts";
import { isTerminal, stateFromProto } from "./task-state.ts";

/** Hears of one task until it has ended. */
export type AwaitListener = {
  /** The task as it is now, without arguments. When it has ended, this is the last call. */
  readonly onTask: (task: Task) => void;
  /** What its handler reports. */
  readonly onProgress: (progress: Progress) => void;
  /** There is nothing more to hear. */
  readonly onError: (error: Error) => void;
};

/** A task to await, and the newest revision seen. */
export type Awaited = { readonly taskId: string; readonly seenRevision: bigint };

/** Opens one AwaitTasks stream. */
export type OpenAwait = (tasks: readonly Awaited[], signal: AbortSignal) => AsyncIterable<AwaitTasksResponse>;

/** What waiting needs. */
export type AwaitPoolDeps = {
  readonly open: OpenAwait;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
};

/** How many streams, and how many tasks on each. */
export type AwaitLimits = { readonly streamsMax: number; readonly tasksPerStreamMax: number };

/** What the server takes, on few enough streams that they never fill a connection. */
const awaitLimits: AwaitLimits = { streamsMax: 4, tasksPerStreamMax: 1000 };

// A stream that is joined by new tasks is opened anew; not more often than this.
const joinMs = 10;
// With more tasks than fit on all streams, each stream's tasks have this long before they make room.
const turnMs = 1000;
const reopen: Backoff = { baseDelayMs: 100, factor: 2, maxDelayMs: 10_000 };

type Watch = { readonly taskId: string; seenRevision: bigint; readonly listeners: Set<AwaitListener> };
type Stream = {
  readonly watches: Map<string, Watch>;
  readonly controller: AbortController;
  readonly openedAt: number;
  /** True when a task left it before its end, so that the server does not end the stream by itself. */
  abandoned: boolean;
};

/**
 * All waits of a client on at most four streams. Tasks join the emptiest stream, which resumes where it was by the revisions seen;
 * when they do not fit at once, they take turns. A broken stream is opened again for as long as somebody waits.
 */
export class AwaitPool {
  readonly #deps: AwaitPoolDeps;
  readonly #limits: AwaitLimits;
  readonly #watches = new Map<string, Watch>();
  readonly #waiting = new Set<Watch>();
  readonly #streams = new Set<Stream>();
  #planned = false;
  #failures = 0;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #cancelTimer: CancelTimer | undefined;
  #closed = false;

  constructor(deps: AwaitPoolDeps, limits = awaitLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /** Listens to one task; the answer stops it. */
  watch(taskId: string, listener: AwaitListener): () => void {
    if (this.#closed) {
      listener.onError(new ClientClosedError());
      return () => undefined;
    }
    const watch = this.#watches.get(taskId) ?? this.#add(taskId);
    watch.listeners.add(listener);
    return () => {
      watch.listeners.delete(listener);
      if (watch.listeners.size === 0) this.#forget(watch);
    };
  }

  /** Ends all streams; whoever waits gets a ClientClosedError. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    for (const watch of [...this.#watches.values()]) this.#fail(watch, new ClientClosedError());
  }

  #add(taskId: string): Watch {
    const watch: Watch = { taskId, seenRevision: 0n, listeners: new Set() };
    this.#watches.set(taskId, watch);
    this.#waiting.add(watch);
    this.#plan();
    return watch;
  }

  #forget(watch: Watch, ended = false): void {
    if (this.#watches.get(watch.taskId) !== watch) return;
    this.#watches.delete(watch.taskId);
    this.#waiting.delete(watch);
    for (const stream of this.#streams) {
      if (stream.watches.delete(watch.taskId)) stream.abandoned ||= !ended;
      if (stream.watches.size === 0) this.#retire(stream);
    }
    if (this.#watches.size === 0) this.#cancelTimer?.();
  }

  #fail(watch: Watch, error: Error): void {
    const listeners = [...watch.listeners];
    this.#forget(watch);
    for (const { onError } of listeners) onError(error);
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    atEndOfTurn(() => {
      this.#planned = false;
      this.#serve();
    });
  }

  #serveAt(time: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#deps.clock.after(time - this.#deps.clock.now(), () => this.#serve());
  }

  #serve(): void {
    if (this.#closed || this.#waiting.size === 0) return;
    const now = this.#deps.clock.now();
    if (now < this.#blockedUntil) {
      this.#serveAt(this.#blockedUntil);
      return;
    }
    while (this.#waiting.size > 0 && this.#streams.size < this.#limits.streamsMax) this.#open();
    if (this.#waiting.size === 0) return;
    const { stream, readyAt } = this.#nextToReopen();
    if (now < readyAt) {
      this.#serveAt(readyAt);
    } else {
      this.#requeue(stream);
      this.#serve();
    }
  }

  /** The stream to open anew so that waiting tasks get on: the emptiest if they fit, else the one whose turn has lasted longest. */
  #nextToReopen(): { stream: Stream; readyAt: number } {
    const streams = [...this.#streams];
    const emptiest = streams.reduce((a, b) => (b.watches.size < a.watches.size ? b : a));
    if (emptiest.watches.size + this.#waiting.size <= this.#limits.tasksPerStreamMax)
      return { stream: emptiest, readyAt: emptiest.openedAt + joinMs };
    const oldest = streams.reduce((a, b) => (b.openedAt < a.openedAt ? b : a));
    return { stream: oldest, readyAt: oldest.openedAt + turnMs };
  }

  #open(): void {
    const watches = new Map<string, Watch>();
    for (const watch of this.#waiting) {
      if (watches.size === this.#limits.tasksPerStreamMax) break;
      watches.set(watch.taskId, watch);
      this.#waiting.delete(watch);
    }
    const openedAt = this.#deps.clock.now();
    const stream = { watches, controller: new AbortController(), openedAt, abandoned: false };
    this.#streams.add(stream);
    void this.#follow(stream);
  }

  async #follow(stream: Stream): Promise<void> {
    const { signal } = stream.controller;
    try {
      for await (const response of this.#deps.open([...stream.watches.values()], signal)) {
        this.#failures = 0;
        for (const update of response.updates) this.#take(stream, update);
      }
      // Ended with tasks left: at the server's time-out, or far too early by some mistake, which must not become a tight loop.
      this.#blockUntil(stream.watches.size > 0 ? stream.openedAt + turnMs : Number.NEGATIVE_INFINITY);
    } catch (error) {
      if (!signal.aborted) this.#broken(stream, problemFrom(error));
    }
    if (this.#streams.has(stream)) this.#requeue(stream);
    this.#plan();
  }

  #broken(stream: Stream, problem: StemProblem): void {
    if (!isTransient(problem) && problem.retryAfterMs === undefined) {
      for (const watch of [...stream.watches.values()]) this.#fail(watch, problem);
      return;
    }
    this.#failures += 1;
    const delayMs = fullJitterMs(reopen, this.#failures, this.#deps.random);
    this.#blockUntil(this.#deps.clock.now() + Math.max(delayMs, problem.retryAfterMs ?? 0));
    this.#deps.log.warn({ reason: problem.reason, delayMs }, "waiting for results was interrupted");
  }

  #take(stream: Stream, { taskId, update }: TaskUpdate): void {
    const watch = stream.watches.get(taskId);
    if (watch === undefined) return;
    if (update.case === "progress") for (const { onProgress } of watch.listeners) onProgress(update.value);
    if (update.case === "task") this.#news(watch, update.value);
    if (update.case === "error") this.#refused(stream, watch, problemFromStatus(update.value));
  }

  #news(watch: Watch, task: Task): void {
    watch.seenRevision = task.revision;
    const listeners = [...watch.listeners];
    const state = stateFromProto(task.state);
    if (state !== undefined && isTerminal(state)) this.#forget(watch, true);
    for (const { onTask } of listeners) onTask(task);
  }

  #refused(stream: Stream, watch: Watch, problem: StemProblem): void {
    if (!isTransient(problem)) {
      this.#fail(watch, problem);
      return;
    }
    stream.watches.delete(watch.taskId);
    this.#waiting.add(watch);
    this.#blockUntil(this.#deps.clock.now() + reopen.baseDelayMs);
    this.#plan();
  }

  /** Its tasks wait for another stream. */
  #requeue(stream: Stream): void {
    for (const watch of stream.watches.values()) this.#waiting.add(watch);
    stream.abandoned = true;
    stream.watches.clear();
    this.#retire(stream);
  }

  #blockUntil(time: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, time);
  }

  #retire(stream: Stream): void {
    this.#streams.delete(stream);
    if (stream.abandoned) stream.controller.abort();
  }
}
