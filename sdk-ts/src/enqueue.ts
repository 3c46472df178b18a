import { Batcher } from "./batcher.ts";
import { atEndOfTurn } from "./clock.ts";
import type { AnyTask, ArgsShape, CallArgs, TaskCall, TaskDefinition } from "./define-task.ts";
import { Handle, type HandleDeps, type Stored, type TaskHandle } from "./handle.ts";
import { type OutgoingTask, outgoingTask } from "./new-task.ts";
import type { EnqueueOutcome, Publish } from "./publisher.ts";
import { ClientClosedError, EnqueueManyError, type RefusedCall } from "./task-errors.ts";
import type { EnqueueOptions } from "./task-options.ts";

/** Whatever can enqueue: the client, and the context that a handler gets. */
export interface Enqueuer {
  /**
   * Enqueues one task and resolves when it is stored: `enqueue(add, [2, 3])`, `enqueue(mail, { to }, { priority: 9 })`. Calls of the
   * same moment share a round trip. Rejects with StemProblem, or SchemaMismatchError when the arguments do not fit.
   */
  enqueue<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    ...rest: CallArgs<NoInfer<Args>, NoInfer<Result>>
  ): Promise<TaskHandle<Result>>;
  /**
   * Enqueues any number of calls, in as few round trips as they fit in: `enqueueMany(urls.map((url) => fetchPage.call([url])))`. The
   * handles come in the order of the calls. Rejects with EnqueueManyError when some were not stored.
   */
  enqueueMany<const Calls extends readonly TaskCall[]>(
    calls: Calls,
    options?: EnqueueManyOptions,
  ): Promise<HandlesOf<Calls>>;
}

/** How to enqueue many. */
export type EnqueueManyOptions = {
  /** All or none: one call that cannot be stored refuses all. At most 1,000 calls of 3.5 MiB in all. Default false. */
  readonly atomic?: boolean;
};

/** A handle for each call, typed by its result. */
export type HandlesOf<Calls extends readonly TaskCall[]> = {
  -readonly [Place in keyof Calls]: Calls[Place] extends TaskCall<infer Result> ? TaskHandle<Result> : never;
};

/** Enqueues through a publisher and makes handles. */
export class BatchingEnqueuer implements Enqueuer {
  readonly #publish: Publish;
  readonly #batcher: Batcher;
  readonly #handles: HandleDeps;
  readonly #closing: AbortSignal;

  constructor(publish: Publish, handles: HandleDeps, closing: AbortSignal) {
    this.#publish = publish;
    this.#batcher = new Batcher(publish, atEndOfTurn);
    this.#handles = handles;
    this.#closing = closing;
  }

  async enqueue<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    ...rest: CallArgs<NoInfer<Args>, NoInfer<Result>>
  ): Promise<TaskHandle<Result>> {
    const [args = [], options] = rest as [args?: ArgsShape, options?: EnqueueOptions];
    const preparing = this.#prepare({ task: task as AnyTask, args, options });
    const outgoing = preparing instanceof Promise ? await preparing : preparing;
    const [outcome] = await this.#batcher.submit([outgoing]);
    if (outcome?.kind === "refused") throw outcome.problem;
    return new Handle(this.#handles, task as AnyTask<Result>, outgoing.id, outcome);
  }

  async enqueueMany<const Calls extends readonly TaskCall[]>(
    calls: Calls,
    { atomic = false }: EnqueueManyOptions = {},
  ): Promise<HandlesOf<Calls>> {
    const tasks = await this.#prepareAll(calls);
    const outcomes = atomic
      ? await this.#publish(
          tasks.map(({ message }) => message),
          true,
        )
      : await this.#batcher.submit(tasks);
    throwRefused(outcomes, tasks);
    const handles = calls.map(
      ({ task }, i) => new Handle(this.#handles, task, tasks[i]?.id ?? "", storedOf(outcomes[i])),
    );
    return handles as unknown as HandlesOf<Calls>;
  }

  /** Resolves when everything that was enqueued has its answer. */
  idle(): Promise<void> {
    return this.#batcher.idle();
  }

  /** Waits only where a schema does: a promise a task would cost as much as the task. */
  async #prepareAll(calls: readonly TaskCall[]): Promise<readonly OutgoingTask[]> {
    const tasks = calls.map((call) => this.#prepare(call));
    return tasks.every(isReady) ? tasks : await Promise.all(tasks);
  }

  #prepare(call: TaskCall): OutgoingTask | Promise<OutgoingTask> {
    if (this.#closing.aborted) throw new ClientClosedError();
    return outgoingTask(call);
  }
}

const isReady = (task: OutgoingTask | Promise<OutgoingTask>): task is OutgoingTask =>
  !(task instanceof Promise);

const storedOf = (outcome: EnqueueOutcome | undefined): Stored | undefined =>
  outcome?.kind === "stored" ? outcome : undefined;

function throwRefused(outcomes: readonly EnqueueOutcome[], tasks: readonly { readonly id: string }[]): void {
  const refused: RefusedCall[] = [];
  const storedIds: string[] = [];
  tasks.forEach(({ id }, index) => {
    const outcome = outcomes[index];
    if (outcome?.kind === "refused") refused.push({ index, taskId: id, problem: outcome.problem });
    else storedIds.push(id);
  });
  if (refused.length > 0) throw new EnqueueManyError(refused, storedIds);
}
