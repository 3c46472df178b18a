import { advance, advanceTogether } from "../../model/barrier.ts";
import { grown } from "../../model/barrier-state.ts";
import type { Barrier, Part } from "../../model/canvas.ts";
import { addedBy, growthAt } from "../../model/growth.ts";
import type { BarrierId, Instant, Namespace } from "../../model/ids.ts";
import { membersOf, type NodeEnd } from "../../model/node-end.ts";
import { startedAtOnce } from "../../model/part-start.ts";
import type { NewTask } from "../../model/task.ts";
import type { BarrierEntry } from "./canvases/barriers.ts";
import { partText } from "./canvases/parts.ts";
import type { Continuations } from "./continuations.ts";
import type { Owed, OwedEnd, OwedGrowth, OwedMembers } from "./owed.ts";
import type { Writing } from "./writing.ts";

/**
 * Takes in what the running transaction has made: barriers, and tasks that were promised when the ones that ended were accepted. Answers
 * of each task whether it was made: one that is there already, or whose id or key another task has, is not.
 */
export type TakeIn = (made: Made, now: Instant) => readonly boolean[];
export type Made = { readonly barriers: readonly Barrier[]; readonly tasks: readonly NewTask[] };

/** Makes what takes in what ends have made in the running transaction, and what that ends, until nothing more does. */
export function createGoOn(writing: Writing, takeIn: TakeIn): () => void {
  const { continuations, canvases } = writing;
  const { barriers, parts, keepMembers } = canvases;
  const tellNotMade = createTellNotMade(continuations);
  const count = createCount(writing, takeIn);

  /** The barriers that ends are under, as far as they are there. */
  function above(namespace: Namespace, ends: readonly NodeEnd[]): Map<BarrierId, BarrierEntry> {
    const found = new Map<BarrierId, BarrierEntry>();
    for (const { place } of ends) {
      if (place === undefined || found.has(place.barrier)) continue;
      const entry = barriers.at({ namespace, id: place.barrier });
      if (entry !== undefined) found.set(place.barrier, entry);
    }
    return found;
  }

  /** Ends of one namespace at one time, one after the other; what they make is taken in together. */
  function tell({ namespace, now, ends }: Told): void {
    const entries = above(namespace, ends);
    const known = new Map<BarrierId, Barrier>();
    for (const [id, { barrier }] of entries) known.set(id, barrier);
    const members = membersOf(ends).flatMap((member) => {
      const entry = entries.get(member.barrier);
      return entry === undefined ? [] : { ...member, above: entry.seq };
    });
    // Each is asked for once, in their order.
    const wereFree = keepMembers(members).values();
    const rounds = ends.map((end) => {
      const over = end.place && known.get(end.place.barrier);
      const under = new Map(over && [[over.id, over]]);
      const round = advance([end], under, () => wereFree.next().value === true, now);
      for (const barrier of round.changed) {
        known.set(barrier.id, barrier);
        barriers.put(barrier);
      }
      return round;
    });
    const made = {
      barriers: rounds.flatMap((round) => round.barriers),
      tasks: rounds.flatMap((round) => round.tasks),
    };
    const areThere = takeIn(made, now).values();
    for (const { tasks, ended } of rounds) {
      tellNotMade(tasks, areThere, now);
      for (const barrier of ended) continuations.barrierEnded(barrier, now);
    }
  }

  /** Starts what a settlement adds to the canvas of its task, if what that is under goes on. */
  function grow({ namespace, above: id, lineage, growth, now }: OwedGrowth): void {
    const entry = barriers.at({ namespace, id });
    if (entry?.barrier.state !== "open") return;
    const { barrier, canvas } = entry;
    const start = (part: Part): void => {
      const started = startedAtOnce(part, { namespace, lineage, place: barrier }, now);
      const areThere = takeIn(started, now).values();
      for (const each of started.barriers) if (each.state !== "open") continuations.barrierEnded(each, now);
      tellNotMade(started.tasks, areThere, now);
    };
    const { replacement, members } = growth;
    parts.keep(
      canvas,
      growth.parts.map((part) => partText(growthAt(part, barrier))),
    );
    if (replacement !== undefined) start(replacement);
    if (members === undefined) return;
    start(growthAt(members, barrier));
    barriers.put(grown(barrier, addedBy(members, barrier.id), now));
  }

  return () => {
    for (let owed = continuations.take(); owed.length > 0; owed = continuations.take())
      for (const each of togetherToldOf(owed))
        if (each.kind === "growth") grow(each);
        else if (each.kind === "members") count(each);
        else tell(each);
  };
}

/** Makes what tells canvases of tasks that are not there: they hear of them as of such that have failed. */
const createTellNotMade =
  (continuations: Continuations) =>
  (tasks: readonly NewTask[], areThere: Iterator<boolean>, now: Instant): void => {
    for (const task of tasks) if (areThere.next().value !== true) continuations.taskNotMade(task, now);
  };

/** Makes what counts members that nobody has to see one by one. */
function createCount({ continuations, canvases }: Writing, takeIn: TakeIn): (owed: OwedMembers) => void {
  const { barriers, keepSucceeded } = canvases;
  const tellNotMade = createTellNotMade(continuations);
  return ({ above, members, now }) => {
    const before = barriers.bySeq(above)?.barrier;
    if (before === undefined) return;
    const kept = keepSucceeded({ seq: above, id: before.id }, members);
    const { barrier, tasks } = advanceTogether(before, kept, now);
    barriers.put(barrier);
    tellNotMade(tasks, takeIn({ barriers: [], tasks }, now).values(), now);
    if (before.state === "open" && barrier.state !== "open") continuations.barrierEnded(barrier, now);
  };
}

type Told = {
  readonly kind: "ends";
  readonly namespace: Namespace;
  readonly now: Instant;
  readonly ends: NodeEnd[];
};

/** What is owed, in its order: ends that follow each other are told together. */
function togetherToldOf(owed: readonly Owed[]): readonly (Told | OwedGrowth | OwedMembers)[] {
  const told: (Told | OwedGrowth | OwedMembers)[] = [];
  for (const each of owed) {
    const last = told.at(-1);
    if (each.kind !== "end") told.push(each);
    else if (last?.kind === "ends" && isAlike(last, each)) last.ends.push(each.end);
    else told.push({ kind: "ends", namespace: each.end.namespace, now: each.now, ends: [each.end] });
  }
  return told;
}

const isAlike = (told: Told, { end, now }: OwedEnd): boolean =>
  told.namespace === end.namespace && told.now === now;
