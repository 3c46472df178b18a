import { hasNews, opened, type WithinCanvas } from "../../../model/barrier-state.ts";
import type { Barrier, KeptMember, Part, PartTask } from "../../../model/canvas.ts";
import { startedAtOnce } from "../../../model/part-start.ts";
import type { NewTask } from "../../../model/task.ts";
import type { RefusedTask } from "../../../ports/canvas-store.ts";
import type { AcceptVerdict } from "../../../ports/task-store.ts";
import { refusedOf } from "../../refused-task.ts";
import { type Accepting, isStored } from "../accepting.ts";
import type { Writing } from "../writing.ts";
import type { BarrierEntry } from "./barriers.ts";
import type { NumberedMember } from "./members.ts";
import type { PartText } from "./parts.ts";

/** What starts, and under what. */
export type Starting = {
  readonly start: Part;
  readonly parts: readonly PartText[];
  /** What it is under, as it is then. */
  readonly above: Barrier;
  /** Members that have ended before. */
  readonly members: readonly KeptMember[];
};

/** Tasks that may have come in. */
export type Entered = { readonly tasks: readonly NewTask[]; readonly verdicts: readonly AcceptVerdict[] };

/** Makes the steps in which parts of canvases start at once. */
export function createStartNow(writing: Writing, accept: Accepting["accept"]) {
  const { continuations, canvases } = writing;
  const { barriers, parts: allParts, keepMembers } = canvases;

  /** Opens barriers: tasks are under them. */
  function open({ start, above }: Pick<Starting, "start" | "above">, within: WithinCanvas): BarrierEntry[] {
    const { namespace, lineage, canvas, now, ended } = within;
    const opening = { namespace, lineage, canvas, now, ended };
    return [above, ...start.barriers.map((barrier) => opened(barrier, opening))].map((barrier) =>
      barriers.put(barrier),
    );
  }

  /** Takes tasks in, all of them or none. */
  function enter(tasks: readonly PartTask[], { namespace, lineage, canvas, now }: WithinCanvas): Entered {
    const within = { namespace, lineage, place: { canvas } };
    const { tasks: started } = startedAtOnce({ tasks, barriers: [] }, within, now);
    return { tasks: started, verdicts: accept({ tasks: started, now, atomic: true }) };
  }

  /** Keeps what follows, and goes on from what has ended already. */
  function keep(
    { parts, members }: Pick<Starting, "parts" | "members">,
    entries: readonly BarrierEntry[],
    { tasks, verdicts }: Entered,
    now: WithinCanvas["now"],
  ): void {
    const [first] = entries;
    if (first !== undefined) allParts.keep(first.canvas, parts);
    keepMembers(numbered(members, entries));
    for (const { barrier } of entries) if (hasNews(barrier)) continuations.barrierEnded(barrier, now);
    for (const [at, task] of tasks.entries())
      if (!isStored(verdicts[at])) continuations.taskNotMade(task, now);
  }

  return {
    open,
    enter,
    keep,
    /** Stores what starts now, or nothing of it; answers the task that may not come in. */
    startNow(starting: Starting, within: WithinCanvas): RefusedTask | undefined {
      const before = barriers.at(starting.above)?.barrier;
      const entries = open(starting, within);
      const entered = enter(starting.start.tasks, within);
      const refused = refusedOf(entered.tasks, entered.verdicts);
      if (refused === undefined) {
        keep(starting, entries, entered, within.now);
        return undefined;
      }
      // Where nothing is stored, they are forgotten again.
      barriers.forget(entries.slice(before === undefined ? 0 : 1));
      if (before !== undefined) barriers.put(before);
      return refused;
    },
  };
}

/** Members with the numbers of their barriers, which are among these. */
function numbered(
  members: readonly KeptMember[],
  entries: readonly BarrierEntry[],
): readonly NumberedMember[] {
  const seqs = new Map(entries.map(({ barrier, seq }) => [barrier.id, seq]));
  return members.map((member) => {
    const above = seqs.get(member.barrier);
    if (above === undefined) throw new Error("a member came without its barrier");
    return { ...member, above };
  });
}
