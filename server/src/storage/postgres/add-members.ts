import { grown } from "../../model/barrier-state.ts";
import { addedBy, growthAt } from "../../model/growth.ts";
import type { Instant } from "../../model/ids.ts";
import type { Addition, AddVerdict } from "../../ports/canvas-store.ts";
import { lockBarriers, updateBarriers } from "./barriers.ts";
import { readParts } from "./parts.ts";
import { startNow, tellEnded } from "./start-now.ts";
import type { Work } from "./work.ts";

/** Adds members to a barrier that takes them, or nothing. A request of another server for the same barrier waits for the commit. */
export async function addMembers(
  work: Work,
  { ref, members, parts, isLast }: Addition,
  now: Instant,
): Promise<AddVerdict> {
  const { namespace, id } = ref;
  const barrier = (await lockBarriers(work, [ref])).get(namespace)?.get(id);
  if (barrier === undefined) return { kind: "unknown" };
  const { canvas, lineage, size: first } = barrier;
  const [before] = await readParts(work.db, [{ namespace, canvas, id: members.id }]);
  if (before?.first !== undefined) return { kind: "duplicate", first: before.first };
  if (barrier.state !== "open" || barrier.isSealed) return { kind: "closed" };
  const noted = { id: members.id, barriers: [], tasks: [], first };
  const later = parts.map((part) => growthAt(part, barrier));
  const within = { namespace, lineage, canvas };
  const starting = { within, start: growthAt(members, barrier), parts: [...later, noted] };
  const refused = await startNow(work, [starting], now);
  if (refused !== undefined) return { kind: "refused", ...refused };
  const after = grown(barrier, addedBy(members, barrier.id), now, isLast);
  await updateBarriers(work, [after]);
  tellEnded(work, after, now);
  return { kind: "added", first };
}
