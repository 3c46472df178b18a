import type { Instant, Namespace } from "../model/ids.ts";
import type { UniqueClaim } from "../model/unique.ts";

/**
 * Claims of unique keys: who holds them. They are made by `accept` and ended by whatever ends their tasks, in the same transactions; here
 * they are only looked at, and forgotten with the records of their tasks.
 */
export interface UniqueStore {
  /** The claim of a key; undefined while it is free. */
  getClaim(namespace: Namespace, key: string, now: Instant): Promise<UniqueClaim | undefined>;
  /** Claims of a namespace that are not free, by key (code-unit order), after `after`. */
  listClaims(page: ClaimPage): Promise<readonly UniqueClaim[]>;
  /** Forgets up to `limit` claims that are free and whose tasks' retention is over. Answers how many. */
  pruneClaims(now: Instant, limit: number): Promise<number>;
}

/** Which claims to list. */
export type ClaimPage = {
  readonly namespace: Namespace;
  readonly after: string | undefined;
  readonly limit: number;
  readonly now: Instant;
};
