import type { Instant, Namespace, TaskRef } from "../../model/ids.ts";
import type { Task, TaskHead } from "../../model/task.ts";
import type { EndedQuery, TaskPage, TaskQuery, TaskStore } from "../../ports/task-store.ts";
import { codeOfReason, states } from "../sql/codes.ts";
import { inPieces, piecesOf } from "./batches.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import type { Runner, Verb } from "./runner.ts";
import { basicTaskOfRow, headOfRow, taskOfRow } from "./task-rows.ts";
import { listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { itemsOf } from "./verdicts.ts";

const life = (name: string): Verb => ({ room: "life", name });

type Readings = Pick<TaskStore, "read" | "readHeads" | "list" | "dueTasks" | "expiredLeases">;

/** What is read of tasks. */
export const createReadVerbs = (runner: Runner): Readings => ({
  read: (refs) => readEach(runner, "read", refs, taskOfRow),
  readHeads: (refs) => readEach(runner, "readHeads", refs, headOfRow),
  list: (query) => list(runner, query),
  dueTasks: (now, limit) => earliest(runner, { verb: "dueTasks", now, limit }, ({ notBefore }) => notBefore),
  expiredLeases: (now, limit) =>
    earliest(runner, { verb: "expiredLeases", now, limit }, ({ leaseUntil }) => leaseUntil),
});

const readEach = <T>(
  runner: Runner,
  verb: string,
  refs: readonly TaskRef[],
  read: (namespace: Namespace, value: Unpacked) => T,
): Promise<readonly (T | undefined)[]> =>
  inPieces(
    piecesOf(refs, ({ namespace }) => namespace),
    async ({ namespace, items }) =>
      itemsOf(
        await runner.ofSpace(
          namespace,
          life(verb),
          items.map(({ id }) => id),
        ),
        (value) => maybe(value, (row) => read(namespace, row)),
      ),
  );

type Due = { readonly verb: string; readonly now: Instant; readonly limit: number };

/** The first of all namespaces by a time; each tells its own first. */
async function earliest(
  runner: Runner,
  { verb, now, limit }: Due,
  timeOf: (head: TaskHead) => Instant | undefined,
): Promise<readonly TaskHead[]> {
  const names = await runner.names();
  const found = await Promise.all(
    names.map(async (namespace) =>
      itemsOf(await runner.ofSpace(namespace, life(verb), [now, limit]), (row) => headOfRow(namespace, row)),
    ),
  );
  if (found.length === 1) return found[0] ?? [];
  return found
    .flat()
    .sort((a, b) => (timeOf(a) ?? 0) - (timeOf(b) ?? 0))
    .slice(0, limit);
}

/** So many tasks are looked at in one script. */
const lookMax = 500;

/** A page is put together from what scripts find, newest first; what they have passed does not come again. */
async function list(runner: Runner, query: TaskQuery): Promise<TaskPage> {
  const { namespace, limit, scanMax = Number.POSITIVE_INFINITY, full } = query;
  const tasks: Task[] = [];
  let cursor = query.after;
  let looked = 0;
  let bytes = 0;
  for (;;) {
    const look = Math.min(lookMax, scanMax - looked);
    if (look <= 0) return { tasks, cursor };
    const part = [limit - tasks.length, cursor, look, bytes, query.bytesMax, tasks.length];
    const answer = listOf(await runner.ofSpace(namespace, life("list"), [...queryArgs(query), ...part]));
    const [rows = false, at = false, count, size, next] = answer;
    for (const row of listOf(rows))
      tasks.push(full ? taskOfRow(namespace, row) : basicTaskOfRow(namespace, listOf(row)[0] ?? false));
    cursor = maybe(at, numberOf);
    looked += numberOf(count);
    bytes = numberOf(size);
    if (textOf(next) === "full") return { tasks, cursor };
    if (textOf(next) === "end") return { tasks, cursor: undefined };
  }
}

const queryArgs = (query: TaskQuery): readonly Packable[] => [
  query.states.map(states.code),
  query.queue,
  query.name,
  query.tag,
  query.parentId,
  query.rootId,
  query.createdFrom,
  query.createdTo,
  query.ended && endedArgs(query.ended),
  query.full,
  query.canvas,
];

const endedArgs = ({ reasons, from, to, isReplayed }: EndedQuery): Packable => [
  reasons.map(codeOfReason),
  from,
  to,
  isReplayed ?? "any",
];
