import type { WithinCanvas } from "../../model/barrier-state.ts";
import type { Barrier, KeptMember, Part } from "../../model/canvas.ts";
import type { Instant } from "../../model/ids.ts";
import { startedAtOnce } from "../../model/part-start.ts";
import type { RefusedTask } from "../../ports/canvas-store.ts";
import { refusedOf } from "../refused-task.ts";
import { acceptTogether } from "./accept.ts";
import { isStored, tellNotMade } from "./accept-owed.ts";
import { insertBarriers } from "./barriers.ts";
import { keepMembers } from "./members.ts";
import { putParts } from "./parts.ts";
import { Conflict } from "./problems.ts";
import type { Work } from "./work.ts";

/** What starts at once, what follows, and members that have ended before. */
export type Starting = {
  readonly start: Part;
  readonly parts: readonly Part[];
  readonly members?: readonly KeptMember[];
};

/**
 * Stores what starts now, behind a barrier that comes with it where there is one, or nothing of it; answers the task that may not come
 * in.
 */
export async function startNow(
  work: Work,
  { start, parts, members = [] }: Starting,
  within: WithinCanvas,
  above: Barrier | undefined,
): Promise<RefusedTask | undefined> {
  const { namespace, lineage, canvas, now, ended } = within;
  const { tasks, barriers } = startedAtOnce(start, { namespace, lineage, place: { canvas }, ended }, now);
  const verdicts = tasks.length === 0 ? [] : await acceptTogether(work, { tasks, now });
  const refused = refusedOf(tasks, verdicts);
  if (refused !== undefined) return refused;
  const made = above === undefined ? barriers : [above, ...barriers];
  const kept = parts.map((part) => ({ namespace, canvas, part }));
  const own = members.map((member) => ({ namespace, member }));
  const [stored] = await Promise.all([
    insertBarriers(work, made),
    putParts(work, kept),
    keepMembers(work, own),
  ]);
  // Another server has been given the same meanwhile.
  if (stored < made.length) throw new Conflict("a canvas was overtaken");
  for (const barrier of made) tellEnded(work, barrier, now);
  for (const [at, task] of tasks.entries()) if (!isStored(verdicts[at])) tellNotMade(work, { task, now });
  return undefined;
}

/** What is above a barrier hears of its end, if it has ended. */
export function tellEnded(
  { continuations }: Pick<Work, "continuations">,
  barrier: Barrier,
  now: Instant,
): void {
  if (barrier.state !== "open") continuations.owe({ kind: "barrier", barrier, now });
}
