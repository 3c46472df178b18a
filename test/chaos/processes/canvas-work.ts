import { setTimeout as sleep } from "node:timers/promises";
import { defineTask } from "@stem/sdk";

/** What a member of a chord does. good: ends well. flaky: fails at its first attempt. bad: fails for good. */
export type LeafKind = "good" | "flaky" | "bad";

/** The arguments of a member. */
export type Leaf = { readonly kind: LeafKind; readonly ms: number; readonly value: number };

const options = { maxAttempts: 2, maxDeliveries: 1000, retry: { baseDelayMs: 20, maxDelayMs: 50 } };

/** A member of a chord that is no chord itself. */
export const leaf = defineTask<[Leaf], number>({ name: "chaos.leaf", options });

/** The body of a chord: it returns what it is handed. */
export const body = defineTask<[unknown], unknown>({ name: "chaos.body", options });

/** Does what a member is to do. */
export async function doLeaf({ kind, ms, value }: Leaf, attempt: number): Promise<number> {
  await sleep(ms);
  if (kind === "bad" || (kind === "flaky" && attempt === 1)) throw new Error(`${kind} as it was asked`);
  return value;
}
