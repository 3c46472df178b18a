import type { Bells } from "../lib/bells.ts";
import { follow } from "../lib/follow.ts";
import type { TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import { type OutputKind, outputKinds } from "../model/task-output.ts";
import type { Clock } from "../ports/clock.ts";
import type { OutputPage, OutputStore } from "../ports/output-store.ts";

/** Whose output to follow, from which place on, and how long. */
export type OutputRequest = {
  readonly ref: TaskRef;
  readonly from: number;
  /** None: all of them. */
  readonly kinds: readonly OutputKind[];
  readonly timeoutMs: number;
};

/** Follows a task's output; Backend.watchOutput tells what it promises. */
export type WatchOutput = (request: OutputRequest, signal: AbortSignal) => AsyncIterable<OutputPage>;

/** What following output needs. */
export type WatchOutputDeps = {
  readonly store: Pick<OutputStore, "readOutput">;
  readonly clock: Clock;
  readonly limits: Pick<Limits, "pageSizeMax">;
  /** Rung when a task puts something out, and when it ends. */
  readonly bells: Bells;
};

/** Read together at most; several pages are one answer after the other. */
const readBytesMax = 1024 * 1024;

/** The bell of a task. A namespace has no slash. */
export const bellOf = ({ namespace, id }: TaskRef): string => `${namespace}/${id}`;

/** Makes the part of the backend that follows output. */
export function createWatchOutput(deps: WatchOutputDeps): WatchOutput {
  const { store, limits } = deps;

  return ({ ref, from, kinds, timeoutMs }, signal) => {
    let next = from;

    async function read(): Promise<OutputPage> {
      const page = await store.readOutput({
        ...{ ref, from: next, limit: limits.pageSizeMax, bytesMax: readBytesMax },
        kinds: kinds.length > 0 ? kinds : outputKinds,
      });
      if (page === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
      next = page.next;
      return page;
    }

    return follow(deps, {
      ...{ key: bellOf(ref), timeoutMs, signal, read },
      hasMore: (page) => page.hasMore,
      isNews: ({ entries, gaps, isEnded }) => entries.length > 0 || gaps.length > 0 || isEnded,
      isLast: ({ isEnded, hasMore }) => isEnded && !hasMore,
    });
  };
}
