// Whoever compiles against us may have an older library than AsyncDisposable.
/// <reference lib="esnext.disposable" preserve="true" />

import type { CanvasNode } from "../canvas/node.ts";
import type { StemClient } from "../client.ts";
import type { AnyTask, ArgsShape, CallArgs, TaskCall, TaskDefinition } from "../define-task.ts";
import type { EnqueueManyOptions, HandlesOf } from "../enqueue.ts";
import { Handle, type TaskHandle } from "../handle.ts";
import { StemProblem } from "../problem.ts";
import { ClientClosedError, EnqueueManyError, type RefusedCall } from "../task-errors.ts";
import type { EnqueueOptions } from "../task-options.ts";
import { fakeBroadcast, type RecordedBroadcast } from "./fake-broadcasts.ts";
import { FakeCanvases, type RecordedCanvas } from "./fake-canvases.ts";
import { createFakeFacades } from "./fake-facades.ts";
import { type FakeTask, fakeHandles, isAnswered } from "./fake-handles.ts";
import { followersOf } from "./fake-links.ts";
import type { RecordedEvent } from "./fake-queue-events.ts";
import { fakeTaskOf } from "./fake-task.ts";
import type { RecordedEnqueue } from "./recorded-enqueue.ts";

/**
 * What a task's calls result in: a value, or a function of the arguments that returns or throws as a handler does. It may return a part of a
 * canvas, which then takes the place of its task, as `ctx.replace` does.
 */
export type Answer<Args extends ArgsShape = ArgsShape, Result = unknown> =
  | Result
  | ((
      ...args: Args extends readonly unknown[] ? Args : [args: Args]
    ) => Result | CanvasNode<Result> | Promise<Result | CanvasNode<Result>>);

/** A client without a server: checks and encodes calls as a real one does, records them, and results in what the test says. */
export interface FakeClient extends StemClient {
  /** All that was enqueued, in order; repeats of the same task once. */
  readonly enqueued: readonly RecordedEnqueue[];
  /** All canvases that were submitted, in order; repeats of the same id once. Their tasks are enqueued as they run. */
  readonly submitted: readonly RecordedCanvas[];
  /** All that was broadcast, in order; repeats of the same id once. Nobody listens: it has no outcomes. */
  readonly broadcasts: readonly RecordedBroadcast[];
  /** All events that were made known on queues, in order; repeats of the same id once. Nobody watches. */
  readonly emitted: readonly RecordedEvent[];
  /** The arguments of each call of one task, in order. */
  argsOf<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
  ): readonly Args[];
  /** Says what calls of a task result in, earlier and later ones. Without it, `result()` rejects with NoAnswerError. */
  answer<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    answer: Answer<NoInfer<Args>, NoInfer<Result>>,
  ): void;
  /**
   * Ends all that has an answer, in the order in which it was enqueued, and then what follows that by its links; answers what it ended, in
   * that order. Canvases go on as far as there are answers. What has no answer stays; delays are not waited for. Throws when more than 10,000 tasks come of it.
   */
  drain(): Promise<readonly RecordedEnqueue[]>;
  /** Refuses calls of a task from now on, as a server would; undefined: takes them again. */
  refuse(task: { readonly name: string }, problem: StemProblem | undefined): void;
  /** Forgets what was enqueued, answers and refusals. */
  reset(): void;
}

/** Makes a client that needs no server. */
export function createFakeClient(): FakeClient {
  return new RecordingClient();
}

/** Stored: the task, new or there before. Refused: why. */
type Verdict =
  | { readonly fake: FakeTask; readonly deduplicated: boolean }
  | { readonly id: string; readonly problem: StemProblem };

class RecordingClient implements FakeClient {
  readonly #tasks = new Map<string, FakeTask>();
  readonly #answers = new Map<string, unknown>();
  readonly #refusals = new Map<string, StemProblem>();
  readonly #ended: RecordedEnqueue[] = [];
  readonly #handles = fakeHandles(this.#tasks, this.#answers, (fake, ended) => {
    this.#ended.push(fake.record);
    for (const follower of followersOf(fake, ended)) this.#store(follower);
  });
  readonly #canvases = new FakeCanvases({
    store: (fake) => void this.#store(fake),
    end: async ({ record }) => {
      const task = await this.#handles.waitForEnd(record.id, {});
      return { task, replacement: this.#tasks.get(record.id)?.replacement };
    },
    admit: (name) => this.#admit(name),
  });
  readonly submit = this.#canvases.submitter.submit;
  readonly batch = this.#canvases.submitter.batch;
  readonly canvas = this.#canvases.submitter.canvas;
  readonly #broadcasts = new Map<string, RecordedBroadcast>();
  readonly #closing = new AbortController();
  readonly #events = new Map<string, RecordedEvent & { readonly offset: number }>();
  readonly #facades = createFakeFacades(this.#closing.signal, this.#events);
  readonly locks = this.#facades.locks;
  readonly tasks = this.#facades.tasks;
  readonly canvases = this.#facades.canvases;
  readonly deadLetters = this.#facades.deadLetters;
  readonly queues = this.#facades.queues;
  readonly limits = this.#facades.limits;
  readonly routing = this.#facades.routing;
  readonly definitions = this.#facades.definitions;
  readonly uniqueClaims = this.#facades.uniqueClaims;
  readonly control = this.#facades.control;
  readonly namespaces = this.#facades.namespaces;
  readonly queueEvents = this.#facades.queueEvents;
  readonly schedules = this.#facades.schedules;

  get enqueued(): readonly RecordedEnqueue[] {
    return [...this.#tasks.values()].map(({ record }) => record);
  }

  get submitted(): readonly RecordedCanvas[] {
    return this.#canvases.submitted;
  }

  get broadcasts(): readonly RecordedBroadcast[] {
    return [...this.#broadcasts.values()];
  }

  get emitted(): readonly RecordedEvent[] {
    return [...this.#events.values()].map(({ offset: _, ...event }) => event);
  }

  argsOf<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
  ): readonly Args[] {
    return this.enqueued.filter(({ name }) => name === task.name).map(({ args }) => args as Args);
  }

  answer<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    answer: Answer<NoInfer<Args>, NoInfer<Result>>,
  ): void {
    this.#answers.set(task.name, answer);
  }

  async drain(): Promise<readonly RecordedEnqueue[]> {
    const before = this.#ended.length;
    await this.#canvases.run();
    // What is made meanwhile comes behind.
    for (const [id, fake] of this.#tasks) {
      if (fake.ended !== undefined || !isAnswered(fake, this.#answers)) continue;
      if (this.#ended.length - before >= drainedMax)
        throw new Error(`more than ${drainedMax} tasks came of what was drained`);
      await this.#handles.waitForEnd(id, {});
    }
    return this.#ended.slice(before);
  }

  refuse({ name }: { readonly name: string }, problem: StemProblem | undefined): void {
    if (problem) this.#refusals.set(name, problem);
    else this.#refusals.delete(name);
  }

  reset(): void {
    for (const kept of [this.#tasks, this.#answers, this.#refusals, this.#broadcasts, this.#events])
      kept.clear();
    this.#canvases.clear();
    this.#ended.length = 0;
  }

  // Functions and not methods, as the real client's are: handlers take them out of their context.
  readonly enqueue = async <Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    ...rest: CallArgs<NoInfer<Args>, NoInfer<Result>>
  ): Promise<TaskHandle<Result>> => {
    const [args = [], options] = rest as [args?: ArgsShape, options?: EnqueueOptions];
    const verdict = this.#store(await this.#prepare({ task: task as AnyTask, args, options }));
    if ("problem" in verdict) throw verdict.problem;
    return this.#handle(task as AnyTask<Result>, verdict);
  };

  readonly enqueueMany = async <const Calls extends readonly TaskCall[]>(
    calls: Calls,
    { atomic = false }: EnqueueManyOptions = {},
  ): Promise<HandlesOf<Calls>> => {
    const prepared = await Promise.all(calls.map((call) => this.#prepare(call)));
    const judged = prepared.map((each) => this.#judge(each));
    // All or none: what would have been stored is not, because another was refused.
    const isRefused = atomic && judged.some((verdict) => "problem" in verdict);
    const verdicts = isRefused ? judged : prepared.map((each) => this.#store(each));
    throwRefused(verdicts, isRefused);
    const handles = calls.map(({ task }, i) => this.#handle(task, verdicts[i] as Stored));
    return handles as unknown as HandlesOf<Calls>;
  };

  readonly broadcast = fakeBroadcast({
    published: this.#broadcasts,
    prepare: (call) => this.#prepare(call),
    admit: (name) => this.#admit(name),
  });

  handle<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    id: string,
  ): TaskHandle<Result> {
    return new Handle<Result>(this.#handles, task, id);
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.locks.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #handle<Result>(task: AnyTask<Result>, { fake, deduplicated }: Stored): TaskHandle<Result> {
    return new Handle<Result>(this.#handles, task, fake.record.id, { deduplicated });
  }

  #admit(name: string): void {
    if (this.#closing.signal.aborted) throw new ClientClosedError();
    const problem = this.#refusals.get(name);
    if (problem) throw problem;
  }

  async #prepare(call: TaskCall): Promise<FakeTask> {
    if (this.#closing.signal.aborted) throw new ClientClosedError();
    return fakeTaskOf(call);
  }

  #judge(fake: FakeTask): Verdict {
    const { id, name } = fake.record;
    const problem = this.#refusals.get(name);
    if (problem) return { id, problem };
    const before = this.#tasks.get(id);
    if (before === undefined) return { fake, deduplicated: false };
    if (Buffer.compare(before.message, fake.message) !== 0) return { id, problem: taskExists(id) };
    return { fake: before, deduplicated: true };
  }

  #store(fake: FakeTask): Verdict {
    const verdict = this.#judge(fake);
    if ("fake" in verdict) this.#tasks.set(verdict.fake.record.id, verdict.fake);
    return verdict;
  }
}

const drainedMax = 10_000;

type Stored = Extract<Verdict, { readonly fake: FakeTask }>;

function throwRefused(verdicts: readonly Verdict[], noneStored: boolean): void {
  const refused: RefusedCall[] = [];
  const storedIds: string[] = [];
  verdicts.forEach((verdict, index) => {
    if ("problem" in verdict) refused.push({ index, taskId: verdict.id, problem: verdict.problem });
    else if (!noneStored) storedIds.push(verdict.fake.record.id);
  });
  if (refused.length > 0) throw new EnqueueManyError(refused, storedIds);
}

const taskExists = (id: string): StemProblem =>
  new StemProblem({
    reason: "TASK_EXISTS",
    code: "ALREADY_EXISTS",
    message: `there is another task with the id ${id}`,
    metadata: { taskId: id },
    violations: [],
    retryAfterMs: undefined,
    outcome: "not_accepted",
  });
