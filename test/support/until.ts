import { setTimeout as sleep } from "node:timers/promises";

/** How long to wait for something, and what it is called when it does not come. */
export type Patience = { readonly deadlineMs: number; readonly what: string; readonly everyMs?: number };

/** Looks again and again until there is something to see; throws when the deadline passes first. */
export async function until<Found>(
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
  { deadlineMs, what, everyMs = 50 }: Patience,
): Promise<Found> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await sleep(everyMs);
  }
}
