import { takeKeys } from "./claims.ts";
import type { Arrival } from "./insert.ts";
import { putLinks } from "./links.ts";
import { putPlaces } from "./places.ts";
import type { Work } from "./work.ts";

/** A task that was stored; its number is known where anything of it is kept beside its row. */
export type Stored = { readonly arrival: Arrival; readonly seq: number | undefined };

/** Keeps what few tasks bring along: keys that they claim, links, what they are handed, a place in a canvas. */
export async function putBeside(work: Work, stored: readonly Stored[]): Promise<void> {
  const tasks = stored.map(({ arrival: { task, queue }, seq }) => ({
    seq,
    task,
    namespaceId: queue.namespaceId,
  }));
  await Promise.all([takeKeys(work, stored), putLinks(work, tasks), putPlaces(work, tasks)]);
}
