import { type Instant, instantOf, type Namespace, type QueueName, queueNameOf } from "../../model/ids.ts";
import type { PriorityDepth } from "../../model/priority-depth.ts";
import type { Queue, QueuePause, QueueSettings } from "../../model/queue.ts";
import { type TaskState, taskStates } from "../../model/task.ts";
import type {
  CreateQueueVerdict,
  DeleteQueueVerdict,
  QueueAdminStore,
} from "../../ports/queue-admin-store.ts";
import type { QueueStore } from "../../ports/queue-store.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { sweep } from "./side-verbs.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { itemsOf, wordOrRefusal } from "./verdicts.ts";

const operation = (name: string, grows = false): Verb => ({ room: "operations", name, grows });

/** Queues: what is in them, and whether they hand out. */
export const createQueueVerbs = (runner: Runner): QueueStore => ({
  listQueues: async (namespace, after, limit) =>
    itemsOf(await runner.ofSpace(namespace, operation("listQueues"), [after, limit]), (value) =>
      queueOf(namespace, value),
    ),
  getQueue: async ({ namespace, queue }) =>
    maybe(await runner.ofSpace(namespace, operation("getQueue"), queue), (value) =>
      queueOf(namespace, value),
    ),
  readyCounts: async (namespace, queues) =>
    itemsOf(await runner.ofSpace(namespace, operation("readyCounts"), queues), numberOf),
  async readPriorities({ namespace, queue }) {
    const [ready, counts = false] = listOf(
      await runner.ofSpace(namespace, operation("readPriorities"), queue),
    );
    return { ready: numberOf(ready), counts: itemsOf(counts, priorityOf) };
  },
  setPause: async ({ namespace, queue }, pause, now) =>
    wordOrRefusal<"done">(
      await runner.making(namespace, operation("setPause", true), [queue, pauseArgs(pause), now]),
    ),
  duePauses: (now, limit) => duePauses(runner, now, limit),
  async endPauses(refs, now) {
    const ended = await Promise.all(
      [...Map.groupBy(refs, ({ namespace }) => namespace)].map(async ([namespace, group]) => {
        const queues = group.map(({ queue }) => queue);
        return itemsOf(await runner.ofSpace(namespace, operation("endPauses"), [queues, now]), (name) => ({
          namespace,
          queue: queueNameOf(textOf(name)),
        }));
      }),
    );
    return ended.flat();
  },
  purge: async ({ namespace, queue }, upTo, now, limit) =>
    numberOf(await runner.ofSpace(namespace, operation("purge"), [queue, upTo, now, limit])),
  async purgeMark({ namespace, queue }) {
    const [upTo, waiting] = listOf(await runner.ofSpace(namespace, operation("purgeMark"), queue));
    return { upTo: numberOf(upTo), waiting: numberOf(waiting) };
  },
});

/** All are counted: lanes know how many stand in them, and who waits at a gate is counted there. */
function priorityOf(value: Unpacked): PriorityDepth {
  const [priority, ready] = listOf(value);
  return { priority: numberOf(priority), ready: numberOf(ready), isMore: false };
}

async function duePauses(runner: Runner, now: Instant, limit: number) {
  const found = await Promise.all(
    (await runner.names()).map(async (namespace) => {
      const pairs = listOf(await runner.ofSpace(namespace, operation("duePauses"), [now, limit]));
      return pairsOf(pairs).map(([name, at]) => ({
        namespace,
        queue: queueNameOf(textOf(name)),
        at: numberOf(at),
      }));
    }),
  );
  return found
    .flat()
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ namespace, queue }) => ({ namespace, queue }));
}

/** Members and scores in turn, as Redis answers them. */
const pairsOf = (items: readonly Unpacked[]): (readonly [Unpacked, Unpacked])[] =>
  items.flatMap((item, at) => (at % 2 === 0 ? [[item, items[at + 1] ?? false] as const] : []));

/** A pause as scripts have it. */
export const pauseArgs = (pause: QueuePause | undefined): Packable =>
  pause && [pause.reason, pause.at, pause.by, pause.resumeAt];

const pauseOf = (value: Unpacked): QueuePause => {
  const [reason, at, by, resumeAt] = listOf(value);
  return {
    reason: textOf(reason),
    at: instantOf(numberOf(at)),
    by: maybe(by, textOf),
    resumeAt: maybe(resumeAt, (time) => instantOf(numberOf(time))),
  };
};

/** A pause, if there is one. */
export const maybePause = (value: Unpacked | undefined): QueuePause | undefined => maybe(value, pauseOf);

function queueOf(namespace: Namespace, value: Unpacked): Queue {
  const [name, createdAt, settings = false, revision, isDeleting, pause, depth = false, oldest] =
    listOf(value);
  const [description, backlogMax, isClosed] = listOf(settings);
  const counts = listOf(depth).map(numberOf);
  return {
    namespace,
    name: queueNameOf(textOf(name)),
    createdAt: instantOf(numberOf(createdAt)),
    settings: {
      description: textOf(description),
      backlogMax: maybe(backlogMax, numberOf),
      isClosed: isClosed === true,
    },
    revision: numberOf(revision),
    isDeleting: isDeleting === true,
    pause: maybePause(pause),
    depth: Object.fromEntries(taskStates.map((state, at) => [state, counts[at] ?? 0])) as Record<
      TaskState,
      number
    >,
    oldestReadyAt: maybe(oldest, (at) => instantOf(numberOf(at))),
  };
}

const settingsArgs = ({ description, backlogMax, isClosed }: QueueSettings): Packable => [
  description,
  backlogMax,
  isClosed,
];

/** Queues made, changed and deleted by operators. */
export const createQueueAdminVerbs = (runner: Runner): QueueAdminStore => ({
  createQueue: async ({ namespace, queue }, settings, now) =>
    wordOrRefusal<Extract<CreateQueueVerdict, string>>(
      await runner.making(namespace, operation("createQueue", true), [queue, settingsArgs(settings), now]),
    ),
  updateQueue: async ({ namespace, queue }, settings, revision) =>
    textOf(
      await runner.ofSpace(namespace, operation("updateQueue"), [queue, settingsArgs(settings), revision]),
    ) as "done" | "conflict" | "unknown",
  deleteQueue: async ({ namespace, queue }, force, now) =>
    deleteVerdictOf(await runner.ofSpace(namespace, operation("deleteQueue"), [queue, force, now])),
  async leavingQueues(limit) {
    const found = await Promise.all(
      (await runner.names()).map(async (namespace) =>
        itemsOf(await runner.ofSpace(namespace, operation("leavingQueues"), limit), (name) => ({
          namespace,
          queue: queueNameOf(textOf(name)),
        })),
      ),
    );
    return found.flat().slice(0, limit);
  },
  forgetQueues: (before, limit) => sweep(runner, "forgetQueues", before, limit),
  missingQueue: async (namespace, queues) =>
    maybe(
      await runner.ofSpace(namespace, operation("missingQueue"), queues),
      (name): QueueName => queueNameOf(textOf(name)),
    ),
});

function deleteVerdictOf(value: Unpacked): DeleteQueueVerdict {
  const [word, first, second] = listOf(value);
  const kind = textOf(word) as DeleteQueueVerdict["kind"];
  if (kind === "deleting") return { kind, leased: numberOf(first) };
  if (kind === "in_use") return { kind, backlog: numberOf(first), failed: numberOf(second) };
  return { kind };
}
