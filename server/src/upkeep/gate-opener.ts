import type { Instant } from "../model/ids.ts";
import type { GateStore } from "../ports/gate-store.ts";

/** What the opener of gates needs. */
export type GateOpenerDeps = { readonly store: Pick<GateStore, "openGates"> };

/** When it comes again at the latest and at the earliest. */
export type GateOpenerOptions = { readonly intervalMs: number; readonly pauseMs: number };

/** Lets tasks through the gates whose rates allow it by now, and comes back when the next one does. */
export async function openGatesOnce(
  { store }: GateOpenerDeps,
  { intervalMs, pauseMs }: GateOpenerOptions,
  now: Instant,
): Promise<number> {
  const next = await store.openGates(now);
  return next === undefined ? intervalMs : Math.min(intervalMs, Math.max(pauseMs, next - now));
}
