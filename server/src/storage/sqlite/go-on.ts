import { addedBy, advance, grown, growthAt, type NodeEnd, startedAtOnce } from "../../model/barrier.ts";
import type { Part } from "../../model/canvas.ts";
import type { Instant } from "../../model/ids.ts";
import type { Accepting } from "./accepting.ts";
import { partText } from "./canvases/parts.ts";
import type { Owed } from "./continuations.ts";
import type { Writing } from "./writing.ts";

type Growth = Extract<Owed, { kind: "growth" }>;

/** Makes what takes in what ends have made in the running transaction, and what that ends, until nothing more does. */
export function createGoOn(writing: Writing, takeIn: Accepting["takeIn"]): () => void {
  const { continuations, canvases } = writing;
  const { barriers, parts, keepMember } = canvases;

  function tell(end: NodeEnd, now: Instant): void {
    const { namespace, place } = end;
    const above = place && barriers.at({ namespace, id: place.barrier })?.barrier;
    const known = new Map(above && [[above.id, above]]);
    const round = advance([end], known, (member) => keepMember(namespace, member), now);
    for (const barrier of round.changed) barriers.put(barrier);
    takeIn(round, now);
    for (const barrier of round.ended) continuations.barrierEnded(barrier, now);
  }

  /** Starts what a settlement adds to the canvas of its task, if what that is under goes on. */
  function grow({ namespace, above: id, lineage, growth, now }: Growth): void {
    const above = barriers.at({ namespace, id });
    if (above?.barrier.state !== "open") return;
    const { barrier, canvas } = above;
    const start = (part: Part): void => {
      const started = startedAtOnce(part, { namespace, lineage, place: barrier }, now);
      takeIn(started, now);
      for (const each of started.barriers) if (each.state !== "open") continuations.barrierEnded(each, now);
    };
    const { replacement, members } = growth;
    parts.keep(canvas, growth.parts.map(partText));
    if (replacement !== undefined) start(replacement);
    if (members === undefined) return;
    start(growthAt(members, barrier));
    barriers.put(grown(barrier, addedBy(members, barrier.id), now));
  }

  return () => {
    for (let owed = continuations.take(); owed.length > 0; owed = continuations.take())
      for (const each of owed)
        if (each.kind === "end") tell(each.end, each.now);
        else grow(each);
  };
}
