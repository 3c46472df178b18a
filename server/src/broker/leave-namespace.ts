import { isBounded } from "../model/gate.ts";
import type { Namespace } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { LockStore } from "../ports/lock-store.ts";
import type { Routing } from "../routing/routing.ts";
import type { Definitions } from "./definitions.ts";
import type { LimitsPart } from "./limits.ts";
import type { Sessions } from "./sessions.ts";

/**
 * Lets go of a namespace that is being deleted: ends the streams of workers that hold nothing there, and forgets what is kept of it
 * beside its tasks: limits, locks, definitions, routing. To be called again, until its tasks are gone.
 */
export type LeaveNamespace = (namespace: Namespace) => Promise<void>;

/** What that needs. */
export type LeavingDeps = {
  readonly store: Pick<LockStore, "listLocks" | "releaseLock">;
  readonly clock: Clock;
  readonly routing: Pick<Routing, "forget">;
  readonly sessions: Pick<Sessions, "in">;
  readonly limitsPart: Pick<LimitsPart, "listLimits" | "deleteLimit" | "resumeTasks">;
  readonly definitions: Pick<Definitions, "list" | "remove">;
};

const pageSize = 100;

/** Makes it. */
export function createLeaveNamespace(deps: LeavingDeps): LeaveNamespace {
  const { store, clock, routing, sessions, limitsPart, definitions } = deps;

  async function forgetLimits(namespace: Namespace): Promise<void> {
    for (;;) {
      const page = await limitsPart.listLimits(namespace, undefined, pageSize);
      for (const limit of page) {
        const { kind, pause } = limit;
        if (kind !== "queue" && pause !== undefined) await limitsPart.resumeTasks({ ...limit, kind });
        // Where there was nothing but a pause, nothing is left.
        if (pause === undefined || isBounded(limit)) await limitsPart.deleteLimit(limit);
      }
      if (page.length < pageSize) return;
    }
  }

  async function forgetLocks(namespace: Namespace): Promise<void> {
    for (;;) {
      const now = clock.now();
      const page = await store.listLocks({ namespace, after: undefined, limit: pageSize, now });
      for (const lock of page) await store.releaseLock(lock, now);
      if (page.length < pageSize) return;
    }
  }

  async function forgetDefinitions(namespace: Namespace): Promise<void> {
    for (;;) {
      const page = definitions.list(namespace, undefined, pageSize);
      for (const { current } of page) await definitions.remove(namespace, current.definition.name);
      if (page.length < pageSize) return;
    }
  }

  return async (namespace) => {
    const why = new StemProblem({ reason: "NAMESPACE_DISABLED", namespace, state: "deleting" });
    for (const { book, stream } of sessions.in(namespace)) if (book.size === 0) stream?.dismiss(why);
    // First, for then its rules put no limit any more.
    await routing.forget(namespace);
    await forgetLimits(namespace);
    await forgetLocks(namespace);
    await forgetDefinitions(namespace);
  };
}
