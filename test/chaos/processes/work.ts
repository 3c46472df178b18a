import { setTimeout as sleep } from "node:timers/promises";
import { defineTask } from "@stem/sdk";
import type { Fence } from "../history.ts";

/**
 * What a task of a chaos run does. quick: ends well. flaky: fails at its first attempt. failing: fails always. stubborn: goes on
 * although it was told to stop.
 */
export type WorkKind = "quick" | "flaky" | "failing" | "stubborn";

/** The arguments. */
export type Work = { readonly kind: WorkKind; readonly ms: number; readonly nonce: number };

/** The result: it tells whose it is, so that two attempts never have the same. */
export type WorkDone = { readonly by: string; readonly fence: Fence; readonly nonce: number };

/** The one task of chaos runs. Its back-off is short, so that runs are. */
export const work = defineTask<[Work], WorkDone>({
  name: "chaos.work",
  options: { maxAttempts: 3, maxDeliveries: 1000, retry: { baseDelayMs: 50, maxDelayMs: 200 } },
});

/** One attempt at a task. */
export type Attempt = {
  readonly proc: string;
  readonly fence: Fence;
  /** From 1. */
  readonly attempt: number;
  readonly signal?: AbortSignal;
};

/** Does what a task asks for; throws where it asks for that. */
export async function doWork({ kind, ms, nonce }: Work, at: Attempt): Promise<WorkDone> {
  await sleep(ms, undefined, at.signal && kind !== "stubborn" ? { signal: at.signal } : {});
  if (kind === "failing" || (kind === "flaky" && at.attempt === 1))
    throw new Error(`${kind} as it was asked`);
  return { by: at.proc, fence: at.fence, nonce };
}
