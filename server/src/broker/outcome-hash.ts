import { digest48 } from "../lib/digest.ts";
import type { Bytes } from "../model/ids.ts";
import type { Outcome } from "../model/outcome.ts";

const span = 2 ** 48;

/** Far apart, so that what is added to one never reaches the next. */
const saltOf: Readonly<Record<Outcome["kind"], number>> = {
  succeeded: 0x1f3d_5b79_8642,
  failed: 0x3a91_c6e0_57d4,
  retry: 0x5c28_0f7b_e1a6,
  released: 0x7e46_9d13_2c58,
  rejected: 0x90b5_e2a8_741c,
  result_too_large: 0xb2d7_3160_a9ef,
  unknown_name: 0xd40c_8f95_6e3b,
  replaced: 0xf61a_2d74_c0b8,
};

/** A number below 2^48 over all that an outcome says: tells a repeated settlement from a second, different one. */
export function outcomeHash(outcome: Outcome): number {
  const head = saltOf[outcome.kind] + variantOf(outcome);
  const said = bytesOf(outcome);
  const hash = said === undefined ? head : (head + 1 + digest48(said)) % span;
  const more = moreOf(outcome);
  return more === undefined ? hash : (3 * hash + 1 + digest48(more)) % span;
}

/** What an outcome says in numbers. */
function variantOf(outcome: Outcome): number {
  if (outcome.kind === "failed") return (outcome.nonRetryable ? 2 : 0) + 4 * delayVariant(outcome.delayMs);
  if (outcome.kind === "released") return outcome.unstarted ? 2 : 0;
  return outcome.kind === "retry" ? 2 * delayVariant(outcome.notBefore ?? outcome.delayMs) : 0;
}

const delayVariant = (ms: number | undefined): number => (ms === undefined ? 0 : ms + 1);

function bytesOf(outcome: Outcome): Bytes | undefined {
  if (outcome.kind === "succeeded") return outcome.result;
  return "failure" in outcome ? outcome.failure : undefined;
}

/** What few outcomes say. */
function moreOf(outcome: Outcome): Bytes | undefined {
  const checkpoint = "checkpoint" in outcome ? outcome.checkpoint : undefined;
  const growth = "growth" in outcome ? outcome.growth : undefined;
  if (growth !== undefined) return Buffer.from(growth.contentHash);
  const overrides = "overrides" in outcome ? outcome.overrides : undefined;
  if (overrides === undefined) return checkpoint;
  return Buffer.concat([Buffer.from(JSON.stringify(overrides)), checkpoint ?? noBytes]);
}

const noBytes = new Uint8Array(0);
