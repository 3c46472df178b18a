import type { Barrier } from "../../model/canvas.ts";
import type { BarrierRef, Instant } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import type {
  BarrierPage,
  CanvasPage,
  CanvasQuery,
  CanvasReader,
  MemberOutcome,
  MemberPage,
  Rest,
} from "../../ports/canvas-reader.ts";
import type { BarrierEntry } from "./canvases.ts";
import { partAt } from "./owe.ts";
import { headOf } from "./read.ts";
import { find, type State } from "./state.ts";

/** What is read of canvases. */
export const createCanvasReadings = (state: State, call: <T>(verb: () => T) => Promise<T>): CanvasReader => ({
  readBarriers: (refs) => call(() => refs.map((ref) => entryAt(state, ref)?.barrier)),
  readMembers: (page) => call(() => readMembers(state, page)),
  listBarriers: (page) => call(() => listBarriers(state, page)),
  readParts: (namespace, canvas, ids) => call(() => ids.map((id) => partAt(state, namespace, canvas, id))),
  listCanvases: (query) => call(() => listCanvases(state, query)),
  barriersWithRest: (limit) => call(() => withRest(state).slice(0, limit)),
  readRest: (ref, limit) => call(() => readRest(state, ref, limit)),
  overdueCanvases: (now, limit) => call(() => overdue(state, now).slice(0, limit)),
});

const entryAt = ({ spaces }: State, { namespace, id }: BarrierRef): BarrierEntry | undefined =>
  spaces.get(namespace)?.canvases.barriers.get(id);

const refOf = ({ namespace, id }: Barrier): BarrierRef => ({ namespace, id });

const barriersOf = ({ spaces }: State): readonly Barrier[] =>
  [...spaces.values()].flatMap(({ canvases }) =>
    [...canvases.barriers.values()].map(({ barrier }) => barrier),
  );

function readMembers(
  state: State,
  { ref, after = -1, limit, bytesMax }: MemberPage,
): readonly MemberOutcome[] {
  const members = [...(entryAt(state, ref)?.members.values() ?? [])]
    .filter(({ index }) => index > after)
    .sort((a, b) => a.index - b.index);
  const page: MemberOutcome[] = [];
  let bytes = 0;
  for (const member of members.slice(0, limit)) {
    const { source } = member;
    const task =
      source.kind === "task" ? find(state, { namespace: ref.namespace, id: source.id }) : undefined;
    bytes += (task?.result?.length ?? 0) + (task?.failure?.length ?? 0);
    if (page.length > 0 && bytes > bytesMax) break;
    page.push({
      ...member,
      ...{ result: task?.result, failure: task?.failure },
      ...{ name: task?.head.name, reason: task?.head.reason, attempt: task?.head.attempt ?? 0 },
    });
  }
  return page;
}

function listBarriers(
  { spaces }: State,
  { namespace, canvas, after, limit }: BarrierPage,
): readonly Barrier[] {
  const all = spaces.get(namespace)?.canvases.barriers.values() ?? [];
  return [...all]
    .map(({ barrier }) => barrier)
    .filter((each) => each.canvas === canvas && (after === undefined || each.id > after))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}

function listCanvases({ spaces }: State, query: CanvasQuery): CanvasPage {
  const { namespace, limit, after = Number.POSITIVE_INFINITY, scanMax } = query;
  const all = [...(spaces.get(namespace)?.canvases.barriers.values() ?? [])]
    .filter(({ seq, barrier }) => barrier.canvasFacts !== undefined && seq < after)
    .sort((a, b) => b.seq - a.seq);
  const canvases: Barrier[] = [];
  let cursor: number | undefined;
  for (const [at, { seq, barrier }] of all.entries()) {
    if (at === scanMax) return { canvases, cursor };
    if (matches(barrier, query)) {
      if (canvases.length === limit) return { canvases, cursor };
      canvases.push(barrier);
    }
    cursor = seq;
  }
  return { canvases, cursor: undefined };
}

function matches({ canvasFacts, state }: Barrier, { states, name, tag }: CanvasQuery): boolean {
  const isState = states.length === 0 || states.includes(state);
  const isNamed = name === undefined || canvasFacts?.name === name;
  return isState && isNamed && (tag === undefined || canvasFacts?.tags.includes(tag) === true);
}

const withRest = (state: State): readonly BarrierRef[] =>
  barriersOf(state)
    .filter(({ hasRest }) => hasRest)
    .map(refOf);

function readRest(state: State, { namespace, id }: BarrierRef, limit: number): Rest {
  const space = state.spaces.get(namespace);
  const under = (place: { readonly barrier: string } | undefined) => place?.barrier === id;
  const tasks = [...(space?.tasks.values() ?? [])].filter(
    ({ head, member }) => under(member) && !isTerminal(head.state) && head.cancel === undefined,
  );
  const barriers = [...(space?.canvases.barriers.values() ?? [])].filter(
    ({ barrier }) => under(barrier.place) && barrier.state === "open",
  );
  return {
    tasks: tasks.slice(0, limit).map(headOf),
    barriers: barriers.slice(0, limit).map(({ barrier }) => refOf(barrier)),
  };
}

const overdue = (state: State, now: Instant): readonly BarrierRef[] =>
  barriersOf(state)
    .flatMap((barrier) => {
      const deadline = barrier.canvasFacts?.deadline;
      return barrier.state === "open" && deadline !== undefined && deadline <= now
        ? [{ barrier, deadline }]
        : [];
    })
    .sort((a, b) => a.deadline - b.deadline)
    .map(({ barrier }) => refOf(barrier));
