import { hasNews, type WithinCanvas } from "../../model/barrier-state.ts";
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

/** What starts at once in a canvas, behind a barrier that comes with it where there is one; what follows, and members that have ended. */
export type Starting = {
  readonly within: Omit<WithinCanvas, "now">;
  readonly above?: Barrier;
  readonly start: Part;
  readonly parts: readonly Part[];
  readonly members?: readonly KeptMember[];
};

/** Stores what starts now in one canvas or several, or nothing of it; answers the first task that may not come in. */
export async function startNow(
  work: Work,
  all: readonly Starting[],
  now: Instant,
): Promise<RefusedTask | undefined> {
  const started = all.map(({ start, within }) => {
    const { namespace, lineage, canvas, ended } = within;
    return startedAtOnce(start, { namespace, lineage, place: { canvas }, ended }, now);
  });
  const tasks = started.flatMap((each) => each.tasks);
  const verdicts = tasks.length === 0 ? [] : await acceptTogether(work, { tasks, now });
  const refused = refusedOf(tasks, verdicts);
  if (refused !== undefined) return refused;
  const made = all.flatMap(({ above }, at) => [...(above ? [above] : []), ...(started[at]?.barriers ?? [])]);
  await keep(work, all, made);
  for (const barrier of made) tellEnded(work, barrier, now);
  for (const [at, task] of tasks.entries()) if (!isStored(verdicts[at])) tellNotMade(work, { task, now });
  return undefined;
}

async function keep(work: Work, all: readonly Starting[], made: readonly Barrier[]): Promise<void> {
  const parts = all.flatMap(({ parts, within: { namespace, canvas } }) =>
    parts.map((part) => ({ namespace, canvas, part })),
  );
  const members = all.flatMap(({ members = [], within: { namespace } }) =>
    members.map((member) => ({ namespace, member })),
  );
  const [stored] = await Promise.all([
    insertBarriers(work, made),
    putParts(work, parts),
    keepMembers(work, members),
  ]);
  // Another server has been given the same meanwhile.
  if (stored < made.length) throw new Conflict("a canvas was overtaken");
}

/** Who is to hear of a barrier hears of it, if there is news. */
export function tellEnded(
  { continuations }: Pick<Work, "continuations">,
  barrier: Barrier,
  now: Instant,
): void {
  if (hasNews(barrier)) continuations.owe({ kind: "barrier", barrier, now });
}
