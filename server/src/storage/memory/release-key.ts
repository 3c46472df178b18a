import type { Instant } from "../../model/ids.ts";
import type { Entry } from "./entry.ts";

/** The scope of a task's claim is over, which ends at `until` or when it is kept until; once, later ends change nothing. */
export function releaseKey({ claim }: Entry, until: Instant): void {
  if (claim === undefined || claim.freeAt !== undefined) return;
  claim.freeAt = claim.keepUntil !== undefined && claim.keepUntil > until ? claim.keepUntil : until;
}
