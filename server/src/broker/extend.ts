import { chunksOf } from "../lib/chunks.ts";
import type { Bytes, Namespace } from "../model/ids.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { LeaseCheck, TaskStore } from "../ports/task-store.ts";
import { type LeaseVerdict, unopened } from "./lease.ts";
import type { OpenedToken, OpenToken } from "./open-token.ts";
import type { LeaseName } from "./token.ts";

/** Which leases to extend, by token; `leaseMs` undefined: to each one's own length. */
export type TokenExtension = { readonly tokens: readonly Bytes[]; readonly leaseMs: number | undefined };

/** Keeps leases alive. */
export type Extending = {
  /** Extends leases; a check each, in the order asked. */
  check(namespace: Namespace, leases: readonly LeaseName[], leaseMs?: number): Promise<readonly LeaseCheck[]>;
  /** Extends leases by token and strikes the lost ones out of their books; verdicts in the order asked. */
  extend(namespace: Namespace, extension: TokenExtension, open: OpenToken): Promise<readonly LeaseVerdict[]>;
};

/** What extending needs. */
export type ExtendingDeps = {
  readonly store: Pick<TaskStore, "extend">;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly defaults: Defaults;
};

/** Makes the part of the broker that keeps leases alive. */
export function createExtending({ store, clock, limits, defaults }: ExtendingDeps): Extending {
  async function check(
    namespace: Namespace,
    leases: readonly LeaseName[],
    leaseMs?: number,
  ): Promise<readonly LeaseCheck[]> {
    const checks: LeaseCheck[] = [];
    for (const some of chunksOf(leases, limits.batchTasksMax)) {
      const answers = await store.extend({
        leases: some.map(({ id, fence }) => ({ namespace, id, fence })),
        now: clock.now(),
        leaseMs: leaseMs === undefined ? undefined : Math.min(leaseMs, limits.leaseMsMax),
        defaultLeaseMs: defaults.leaseMs,
        graceMs: defaults.leaseGraceMs,
      });
      checks.push(...answers);
    }
    return checks;
  }

  async function extend(
    namespace: Namespace,
    { tokens, leaseMs }: TokenExtension,
    open: OpenToken,
  ): Promise<readonly LeaseVerdict[]> {
    const verdicts = tokens.map((token) => unopened(token, "token_invalid"));
    const opened: (OpenedToken & { readonly index: number })[] = [];
    for (const [index, token] of tokens.entries()) {
      const found = open(token);
      if (found !== undefined) opened.push({ ...found, index });
    }
    const checks = await check(
      namespace,
      opened.map(({ name }) => name),
      leaseMs,
    );
    for (const [at, { index, name, book }] of opened.entries()) {
      const token = tokens[index];
      const answer = checks[at];
      if (token === undefined || answer === undefined) throw new Error("a lease was left unchecked");
      if (!answer.held) book?.drop(name);
      verdicts[index] = verdictOf(token, answer);
    }
    return verdicts;
  }

  return { check, extend };
}

/** What a check means for the holder of a token. */
export const verdictOf = (token: Bytes, check: LeaseCheck): LeaseVerdict =>
  check.held ? { token, held: true } : { token, held: false, state: check.state, why: check.why };
