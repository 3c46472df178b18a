import { isTransient, StemProblem } from "./problem.ts";
import { problemFrom } from "./problem-from.ts";
import type { Retries } from "./retry.ts";

/** What a task's unique key came to, and the id of the task that stands for it now. */
export type UniqueOutcome = { readonly kind: UniqueConflictKind; readonly taskId: string };

/**
 * What became of a task whose unique key another one had. existing: that one stays. updated: that one, which waits, took it over.
 * replaced: it was stored, and that one was cancelled.
 */
export type UniqueConflictKind = "existing" | "updated" | "replaced";

/** What became of one task. */
export type EnqueueOutcome =
  | { readonly kind: "stored"; readonly deduplicated: boolean; readonly unique?: UniqueOutcome }
  | { readonly kind: "refused"; readonly problem: StemProblem };

/** Sends up to one batch of tasks, encoded; an outcome for each, in order. Throws what is wrong with the batch as a whole. */
export type SendTasks = (tasks: readonly Uint8Array[], atomic: boolean) => Promise<readonly EnqueueOutcome[]>;

/** Enqueues one batch, repeating what stayed open. Never rejects: an outcome for each task, in order. */
export type Publish = (tasks: readonly Uint8Array[], atomic?: boolean) => Promise<readonly EnqueueOutcome[]>;

/**
 * Enqueues batches and repeats, with the same ids, what is unknown or was refused for now. Tasks that have an answer are not sent
 * again, unless the batch is atomic and therefore one thing.
 */
export function createPublisher(send: SendTasks, retries: Retries): Publish {
  return async (tasks, atomic = false) => {
    const tries = retries();
    const outcomes = await attempt(send, tasks, atomic);
    for (;;) {
      const open = openOnes(outcomes);
      const [first] = open;
      if (first === undefined || !(await tries.again(first.problem))) return outcomes;
      const places = atomic ? tasks.map((_, place) => place) : open.map(({ place }) => place);
      const again = await attempt(send, pick(tasks, places), atomic);
      again.forEach((outcome, i) => {
        outcomes[places[i] ?? i] = outcome;
      });
    }
  };
}

type Open = { readonly place: number; readonly problem: StemProblem };

const openOnes = (outcomes: readonly EnqueueOutcome[]): Open[] =>
  outcomes.flatMap((outcome, place) =>
    outcome.kind === "refused" && isTransient(outcome.problem) ? [{ place, problem: outcome.problem }] : [],
  );

const pick = (tasks: readonly Uint8Array[], places: readonly number[]): Uint8Array[] =>
  places.flatMap((place) => tasks[place] ?? []);

async function attempt(
  send: SendTasks,
  tasks: readonly Uint8Array[],
  atomic: boolean,
): Promise<EnqueueOutcome[]> {
  try {
    const outcomes = await send(tasks, atomic);
    return tasks.map((_, i) => outcomes[i] ?? { kind: "refused", problem: outcomeMissing() });
  } catch (error) {
    const problem = problemFrom(error);
    return tasks.map(() => ({ kind: "refused", problem }));
  }
}

const outcomeMissing = (): StemProblem =>
  new StemProblem({
    reason: "RPC_INTERNAL",
    code: "INTERNAL",
    message: "the server answered fewer verdicts than tasks were sent",
    metadata: {},
    violations: [],
    retryAfterMs: undefined,
    outcome: "unknown",
  });
