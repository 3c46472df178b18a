import { advance } from "../../model/barrier.ts";
import { grown } from "../../model/barrier-state.ts";
import type { Barrier, KeptMember, Part } from "../../model/canvas.ts";
import { addedBy, growthAt } from "../../model/growth.ts";
import type { BarrierId, Instant, Namespace } from "../../model/ids.ts";
import { startedAtOnce } from "../../model/part-start.ts";
import type { Barriers } from "./barriers.ts";
import type { Entering } from "./entering.ts";
import type { NewPart } from "./parts.ts";
import type { Growing, Told } from "./read-owed.ts";

/** What a round writes. */
export type Round = {
  /** The tasks that it makes, and barriers that have ended now, in the order in which they were come to. */
  readonly follows: readonly Following[];
  readonly parts: readonly NewPart[];
  readonly made: readonly Barrier[];
  /** Barriers that were there, as they are now. */
  readonly changed: readonly Barrier[];
};

/** A task that comes in, or a barrier that has ended; and when. */
export type Following = Entering | { readonly barrier: Barrier; readonly now: Instant };

type IsNew = (namespace: Namespace, member: KeptMember) => boolean;

/** What ends and growths, in their order, make of the barriers that they are under, where those are there. Pure but for `isNew`. */
export function roundOf(told: readonly Told[], barriers: Barriers, isNew: IsNew): Round {
  const spaces = new Map([...barriers].map(([name, own]) => [name, new Map(own)]));
  const out: Growable = { follows: [], parts: [], made: [] };
  for (const each of told)
    if (each.kind === "growth") grow(out, spaces.get(each.namespace), each);
    else takeIn(out, spaces.get(each.end.namespace), each, isNew);
  const changed = [...spaces].flatMap(([name, own]) =>
    [...own.values()].filter((barrier) => barriers.get(name)?.get(barrier.id) !== barrier),
  );
  return { ...out, changed };
}

type Growable = {
  readonly follows: Following[];
  readonly parts: NewPart[];
  readonly made: Barrier[];
};
type Known = Map<BarrierId, Barrier> | undefined;

function takeIn(
  out: Growable,
  known: Known,
  { end, now }: Extract<Told, { kind: "end" }>,
  isNew: IsNew,
): void {
  const above = end.place && known?.get(end.place.barrier);
  const under = new Map(above && [[above.id, above]]);
  const round = advance([end], under, (member) => isNew(end.namespace, member), now);
  for (const barrier of round.changed) known?.set(barrier.id, barrier);
  out.made.push(...round.barriers);
  out.follows.push(...round.tasks.map((task) => ({ task, now })));
  out.follows.push(...round.ended.map((barrier) => ({ barrier, now })));
}

/** Starts what a settlement adds to the canvas of its task, if what that is under goes on. */
function grow(out: Growable, known: Known, { namespace, place, lineage, growth, now }: Growing): void {
  const above = known?.get(place.barrier);
  if (above?.state !== "open") return;
  const { replacement, members, parts } = growth;
  const start = (part: Part): void => {
    const { tasks, barriers } = startedAtOnce(part, { namespace, place, lineage }, now);
    out.made.push(...barriers);
    for (const barrier of barriers) if (barrier.state !== "open") out.follows.push({ barrier, now });
    out.follows.push(...tasks.map((task) => ({ task, now })));
  };
  out.parts.push(...parts.map((part) => ({ namespace, canvas: place.canvas, part: growthAt(part, above) })));
  if (replacement !== undefined) start(replacement);
  if (members === undefined) return;
  start(growthAt(members, above));
  known?.set(above.id, grown(above, addedBy(members, above.id), now));
}
