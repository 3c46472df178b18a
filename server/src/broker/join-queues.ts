import type { Limits } from "../model/limits.ts";
import type { TakingWorker } from "../model/standing.ts";
import type { Dispatch } from "./dispatch.ts";
import { createQueueOrder } from "./queue-order.ts";
import type { SessionHello } from "./session.ts";
import type { SessionState } from "./session-state.ts";
import type { Taker } from "./taker.ts";

/** What joining needs. */
export type JoiningDeps = {
  readonly dispatch: Pick<Dispatch, "join">;
  readonly limits: Pick<Limits, "turnsPerGrantMax">;
};

/** Begins to take tasks for a session: of its queues, but for those that are paused for it. Its claims are known by `mark`. */
export function joinQueues(
  { dispatch, limits }: JoiningDeps,
  state: SessionState,
  mark: () => bigint,
): Taker {
  const { hello, paused, book } = state;
  const { labels } = hello.traits;
  const open = hello.subscriptions.filter(({ queue }) => !paused.has(queue));
  return dispatch.join({
    namespace: state.namespace,
    queues: open.map(({ queue }) => queue),
    order: createQueueOrder(open),
    worker: hello.worker,
    labels: labels.size > 0 ? Object.fromEntries(labels) : undefined,
    turnsMax: limits.turnsPerGrantMax,
    knows: knowsOf(hello),
    room: () => (open.length === 0 ? 0 : book.room),
    bytesLeft: () => book.bytesLeft,
    mark,
  });
}

/** By the tasks that a worker announces; one that announces none does not say what it can run. */
function knowsOf({ definitions }: SessionHello): TakingWorker["knows"] {
  if (definitions.length === 0) return undefined;
  return (name) => definitions.some((definition) => definition.name === name);
}
