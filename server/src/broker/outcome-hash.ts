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
};

/** A number below 2^48 over all that an outcome says: tells a repeated settlement from a second, different one. */
export function outcomeHash(outcome: Outcome): number {
  const bytes = bytesOf(outcome);
  const head = saltOf[outcome.kind] + variantOf(outcome);
  return bytes === undefined ? head : (head + 1 + digest48(bytes)) % span;
}

/** What an outcome says in numbers. */
function variantOf(outcome: Outcome): number {
  if (outcome.kind === "failed") return outcome.nonRetryable ? 2 : 0;
  return outcome.kind === "retry" && outcome.delayMs !== undefined ? 2 * (outcome.delayMs + 1) : 0;
}

function bytesOf(outcome: Outcome): Bytes | undefined {
  if (outcome.kind === "succeeded") return outcome.result;
  return "failure" in outcome ? outcome.failure : undefined;
}
