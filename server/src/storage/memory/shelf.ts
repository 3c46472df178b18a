import { scoped } from "../../model/gate.ts";
import type { KeepNewest } from "../../model/retention.ts";
import type { Entry } from "./entry.ts";

/** Ended tasks of one name whose number is bounded, in the order in which they ended, and their sizes. */
export type ShelfEntries = { bound: KeepNewest; bytes: number; readonly entries: Map<Entry, number> };

/** By namespace and name. */
type Shelves = { readonly shelves: Map<string, ShelfEntries> };

/** A task that has ended goes on its name's shelf, and its bound is in force there. */
export function shelve({ shelves }: Shelves, entry: Entry, bound: KeepNewest): void {
  const key = keyOf(entry);
  const shelf = shelves.get(key) ?? { bound, bytes: 0, entries: new Map() };
  const bytes = (entry.result?.length ?? 0) + (entry.failure?.length ?? 0);
  shelf.bound = bound;
  shelf.bytes += bytes;
  shelf.entries.set(entry, bytes);
  shelves.set(key, shelf);
}

/** Takes a task off its shelf, if it is on one. */
export function unshelve({ shelves }: Shelves, entry: Entry): void {
  const key = keyOf(entry);
  const shelf = shelves.get(key);
  const bytes = shelf?.entries.get(entry);
  if (shelf === undefined || bytes === undefined) return;
  shelf.bytes -= bytes;
  shelf.entries.delete(entry);
  if (shelf.entries.size === 0) shelves.delete(key);
}

const keyOf = ({ head: { namespace, name } }: Entry): string => scoped(namespace, name);
