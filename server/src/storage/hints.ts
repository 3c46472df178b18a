/**
 * What servers of one store tell each other: that tasks of a queue can be claimed, that a task changed or is to stop, that an event was
 * made known. Only hints, gathered for a moment and sent behind the commits: losing all of them costs whoever waits the time until it
 * looks anyway. How they go from one to the other is the drivers' matter.
 */

import { namespaceOf, type QueueRef, queueNameOf, type TaskRef, taskIdOf } from "../model/ids.ts";
import type { GateNews } from "../ports/gate-store.ts";
import type { OthersNews } from "../ports/others-news.ts";

/** One thing that is told of a queue or of a task. */
export type TaskHint =
  | readonly [kind: "ready", namespace: string, queue: string, count: number]
  | readonly [kind: "changed" | "cancelled", namespace: string, id: string]
  | readonly [kind: "emitted", namespace: string, queue: string];

/** What a driver tells besides, which is its word alone. */
export type BareHint<Word extends string> = readonly [kind: Word, none: "", nothing: ""];

/** Hints that wait to be sent, each thing once. */
export type Gathering<Hint> = {
  put(hint: Hint): void;
  /** Sends nothing more. */
  close(): void;
};

/** So long hints are gathered before they are sent. */
const gatherMs = 20;
/** So many are gathered; of tasks that changed beyond that nothing is told. */
const hintsMax = 20_000;

/** Makes an empty one; `send` gets all that came within 20 ms, what waits least first. */
export function createGathering<Hint extends TaskHint | BareHint<string>>(
  send: (hints: readonly Hint[]) => void,
): Gathering<Hint> {
  let gathered = new Map<string, Hint>();
  let sending: NodeJS.Timeout | undefined;
  let isClosed = false;

  function sendAll(): void {
    sending = undefined;
    const all = [...gathered.values()].sort(([a], [b]) => Number(a === "changed") - Number(b === "changed"));
    gathered = new Map();
    send(all);
  }

  return {
    put(hint) {
      if (isClosed || (hint[0] === "changed" && gathered.size >= hintsMax)) return;
      const key = `${hint[0]} ${hint[1]} ${hint[2]}`;
      gathered.set(key, added(hint, gathered.get(key)));
      sending ??= setTimeout(sendAll, gatherMs).unref();
    },
    close() {
      isClosed = true;
      clearTimeout(sending);
    },
  };
}

/** Tasks that became ready are counted together; whatever else is told twice says no more than once. */
const added = <Hint extends TaskHint | BareHint<string>>(hint: Hint, before: Hint | undefined): Hint =>
  before?.[3] === undefined || hint[3] === undefined
    ? hint
    : ([hint[0], hint[1], hint[2], hint[3] + before[3]] as readonly unknown[] as Hint);

/** What others hear of hints. */
export type HeardHints = {
  readonly opened: GateNews["opened"];
  readonly others: Omit<OthersNews, "isReread">;
};

/** What some hints mean for whoever hands out tasks, and for whoever waits for them. */
export function newsOf(hints: Iterable<TaskHint | BareHint<"inbox" | "rules">>): HeardHints {
  const opened: { readonly queue: QueueRef; readonly count: number }[] = [];
  const others = { changed: [] as TaskRef[], cancelled: [] as TaskRef[], emitted: [] as QueueRef[] };
  for (const [kind, space, name, count = 1] of hints) {
    if (kind === "inbox" || kind === "rules") continue;
    const namespace = namespaceOf(space);
    const queue = { namespace, queue: queueNameOf(name) };
    if (kind === "ready") opened.push({ queue, count });
    else if (kind === "emitted") others.emitted.push(queue);
    else others[kind].push({ namespace, id: taskIdOf(name) });
  }
  return { opened, others };
}
