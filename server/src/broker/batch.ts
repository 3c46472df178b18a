import type { Instant, Namespace, TaskId } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { TaskHead, TaskState } from "../model/task.ts";
import type { AdminStore } from "../ports/admin-store.ts";
import type { TaskQuery, TaskStore } from "../ports/task-store.ts";

/** Which tasks an operator means: those that match all of it. */
export type TaskFilter = Pick<
  TaskQuery,
  "states" | "queue" | "name" | "tag" | "createdFrom" | "createdTo" | "ended" | "parentId" | "rootId"
> & {
  readonly namespace: Namespace;
  /** One of these; undefined: any. */
  readonly ids: readonly TaskId[] | undefined;
};

/** How many tasks of a filter to work through, and from where. */
export type TaskBatch = {
  readonly filter: TaskFilter;
  readonly limit: number;
  /** Where an earlier call ended. */
  readonly after: number | undefined;
  /** Count only. */
  readonly dryRun: boolean;
};

/** What was done; `cursor` undefined: the filter finds no more. */
export type BatchOutcome = {
  readonly matched: number;
  readonly changed: number;
  readonly cursor: number | undefined;
};

/** What is done to the tasks of one page. */
export type BatchDeed = {
  /** The states in which it can be done at all. */
  readonly states: readonly TaskState[];
  /** Whether it would change the task. */
  readonly wouldChange: (head: TaskHead) => boolean;
  /** Does it in one small write, to tasks that it would change; answers how many it was done to. */
  readonly run: (heads: readonly TaskHead[]) => Promise<number>;
  /** In a dry run: hears which tasks it would be done to. */
  readonly tell?: (heads: readonly TaskHead[]) => Promise<void>;
};

/** What working through a filter needs. */
export type BatchDeps = {
  readonly store: Pick<TaskStore, "list" | "readHeads"> & Pick<AdminStore, "readReplays">;
  readonly limits: Limits;
};

/**
 * Works through the tasks of a filter, page by page: each page is one read and one write, and others get their turn in between. A page
 * that looked at as many tasks as it may, and found fewer than were asked for, is the last one of its call.
 */
export async function workThrough(deps: BatchDeps, batch: TaskBatch, deed: BatchDeed): Promise<BatchOutcome> {
  const { limit, dryRun } = batch;
  let [matched, changed] = [0, 0];
  let cursor = batch.after;
  let isFull: boolean;
  do {
    const size = Math.min(limit - matched, deps.limits.batchTasksMax);
    const page = await readPage(deps, { ...batch, after: cursor, limit: size }, deed);
    const due = page.heads.filter(deed.wouldChange);
    matched += page.heads.length;
    if (dryRun) await deed.tell?.(due);
    changed += dryRun || due.length === 0 ? due.length : await deed.run(due);
    cursor = page.cursor;
    isFull = page.heads.length === size;
  } while (cursor !== undefined && isFull && matched < limit);
  return { matched, changed, cursor };
}

type Page = { readonly heads: readonly TaskHead[]; readonly cursor: number | undefined };

async function readPage(
  { store, limits }: BatchDeps,
  { filter, after, limit }: TaskBatch,
  deed: BatchDeed,
): Promise<Page> {
  const states = filter.states.length === 0 ? deed.states : filter.states;
  if (filter.ids !== undefined) {
    const { namespace, ids } = filter;
    const found = (await store.readHeads(ids.map((id) => ({ namespace, id })))).filter(isThere);
    const replays = filter.ended === undefined ? [] : await store.readReplays(found);
    const heads = found.filter(
      (head, at) => matches(head, { ...filter, states }) && endedAs(head, replays[at] !== undefined, filter),
    );
    return { heads, cursor: undefined };
  }
  const { tasks, cursor } = await store.list({
    ...filter,
    states,
    limit,
    after,
    scanMax: limits.scannedTasksMax,
    bytesMax: limits.frameBytesMax,
    full: false,
  });
  return { heads: tasks, cursor };
}

/** What list does in the store. */
function matches(head: TaskHead, filter: TaskFilter): boolean {
  return (
    filter.states.includes(head.state) &&
    isOneOf(filter.queue, head.queue) &&
    isOneOf(filter.name, head.name) &&
    (filter.tag === undefined || head.tags.includes(filter.tag)) &&
    isOneOf(filter.parentId, head.lineage?.parentId) &&
    isOneOf(filter.rootId, head.lineage?.rootId) &&
    isWithin(head.createdAt, filter.createdFrom, filter.createdTo)
  );
}

function endedAs({ reason, endedAt }: TaskHead, isReplayed: boolean, { ended }: TaskFilter): boolean {
  if (ended === undefined) return true;
  return (
    endedAt !== undefined &&
    (ended.reasons.length === 0 || (reason !== undefined && ended.reasons.includes(reason))) &&
    isWithin(endedAt, ended.from, ended.to) &&
    isOneOf(ended.isReplayed, isReplayed)
  );
}

const isThere = (head: TaskHead | undefined): head is TaskHead => head !== undefined;

const isOneOf = <T>(wanted: T | undefined, value: T | undefined): boolean =>
  wanted === undefined || wanted === value;

const isWithin = (at: Instant, from: Instant | undefined, to: Instant | undefined): boolean =>
  (from === undefined || at >= from) && (to === undefined || at < to);
