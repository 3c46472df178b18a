import type {
  CancelRequest,
  CancelVerdict,
  CanvasSubmitter,
  Enqueuer,
  StemProblem,
  TaskExplanation,
} from "@stem/sdk";
import {
  BatchingEnqueuer,
  type ClientGate,
  createCanvasSubmitter,
  createSystemClock,
  type EnqueueOutcome,
  type HandleDeps,
  type OutputWish,
} from "@stem/sdk/internal";
import type { AnswerTable } from "./answering.ts";
import type { Asking } from "./asking.ts";
import { type CrossedError, packError, unpackError } from "./crossing-errors.ts";
import { answeredSubmitting, askedCanvasCalls } from "./submitting.ts";

type Task = Awaited<ReturnType<HandleDeps["read"]>>;
type OutputPage = HandleDeps["output"] extends (...args: never) => AsyncIterable<infer P> ? P : never;
type OnProgress = NonNullable<Parameters<HandleDeps["waitForEnd"]>[1]["onProgress"]>;
type CrossedOutcome = Exclude<EnqueueOutcome, { kind: "refused" }> | CrossedRefusal;
type CrossedRefusal = { readonly kind: "refused"; readonly problem: CrossedError };

/** Enqueues, and knows when all of it has its answer. */
export type AskedEnqueuer = Enqueuer & CanvasSubmitter & Pick<BatchingEnqueuer, "idle">;

/**
 * What enqueues in a thread or child process: tasks are checked and encoded there, and sent by the worker's client, which all handlers
 * share. Handles ask through it, too.
 */
export function askedEnqueuer(asking: Asking): AskedEnqueuer {
  const publish = async (
    tasks: readonly Uint8Array[],
    atomic = false,
  ): Promise<readonly EnqueueOutcome[]> => {
    // The messages are views of one large buffer, which a structured clone would copy whole, for each.
    const copies = tasks.map((task) => Uint8Array.from(task));
    try {
      return ((await asking.ask("publish", [copies, atomic])) as readonly CrossedOutcome[]).map(unpacked);
    } catch (error) {
      // Nobody enqueues without an answer: what stopped the question is what each task hears.
      return tasks.map(() => refused(error));
    }
  };
  const handles: HandleDeps = {
    waitForEnd: (taskId, { timeoutMs, signal, onProgress }) =>
      asking.ask("waitForEnd", [taskId, timeoutMs], {
        signal,
        onEvent: onProgress && ((value) => onProgress(value as Parameters<OnProgress>[0])),
      }) as Promise<Task>,
    read: (taskId) => asking.ask("read", [taskId]) as Promise<Task>,
    cancel: (taskId, request) => asking.ask("cancel", [taskId, request]) as Promise<CancelVerdict>,
    async *output(taskId, { from, kinds, signal }) {
      for (let next = from; ; ) {
        const page = (await asking.ask("output", [taskId, next, kinds], { signal })) as OutputPage;
        yield page;
        if (page.ended) return;
        next = page.nextOffset;
      }
    },
    explain: (taskId) => asking.ask("explain", [taskId]) as Promise<TaskExplanation>,
  };
  const enqueuer = new BatchingEnqueuer(publish, handles, new AbortController().signal);
  return {
    ...createCanvasSubmitter({ calls: askedCanvasCalls(asking), clock: createSystemClock() }),
    enqueue: (task, ...rest) => enqueuer.enqueue(task, ...rest),
    enqueueMany: (calls, options) => enqueuer.enqueueMany(calls, options),
    idle: () => enqueuer.idle(),
  };
}

const unpacked = (outcome: CrossedOutcome): EnqueueOutcome =>
  outcome.kind === "stored" ? outcome : refused(unpackError(outcome.problem));

// Most often a StemProblem; anything else is thrown to whoever enqueued all the same.
const refused = (error: unknown): EnqueueOutcome => ({ kind: "refused", problem: error as StemProblem });

/** The worker's side of it. */
export function answeredEnqueuing(gate: () => ClientGate): AnswerTable {
  return {
    ...answeredSubmitting(gate),
    async publish([tasks, atomic]) {
      const outcomes = await gate().publish(tasks as readonly Uint8Array[], atomic === true);
      return outcomes.map(
        (outcome): CrossedOutcome =>
          outcome.kind === "stored" ? outcome : { kind: "refused", problem: packError(outcome.problem) },
      );
    },
    waitForEnd: ([taskId, timeoutMs], { signal, emit }) =>
      gate().handles.waitForEnd(String(taskId), {
        timeoutMs: timeoutMs as number | undefined,
        signal,
        onProgress: emit,
      }),
    read: ([taskId]) => gate().handles.read(String(taskId)),
    cancel: ([taskId, request]) => gate().handles.cancel(String(taskId), request as CancelRequest),
    output: ([taskId, from, kinds], { signal }) =>
      firstPage(
        gate().handles.output(String(taskId), {
          ...{ from: BigInt(from as bigint), kinds: kinds as OutputWish["kinds"], signal },
        }),
      ),
    explain: ([taskId]) => gate().handles.explain(String(taskId)),
  };
}

/** The first page that says something; the stream is let go of. */
async function firstPage(pages: AsyncIterable<OutputPage>): Promise<OutputPage> {
  for await (const page of pages)
    if (page.entries.length > 0 || page.gaps.length > 0 || page.ended) return page;
  throw new Error("the output ended without a last page");
}
