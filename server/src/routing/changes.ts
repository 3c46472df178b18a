import { createTurns } from "../lib/turns.ts";
import type { Namespace } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { RoutingRecord } from "../model/route.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import { compile } from "./compile.ts";
import { nothingKept, type Spaces, type SpacesDeps } from "./in-force.ts";
import { type KeptRouting, readKept, routingKeyOf, writeKept } from "./kept-routing.ts";
import { createLimitKeeping, type QueueLimitsDeps } from "./queue-limits.ts";
import type { QueueLimits } from "./table.ts";

/** What changes the rules in force, one after the other, and with them the limits that they say. */
export type Changes = {
  /** Reads the rules of these anew, because another server may have put others in force. */
  reread(namespaces: readonly Namespace[]): Promise<void>;
  /**
   * Puts a text in force, durably, and at once for every task that comes after; an empty one leaves the namespace without rules. The
   * limits of its queues hold when this resolves. FIELD_INVALID, ROUTING_FIXED, LIMIT_COUNT_REACHED; REVISION_CONFLICT unless
   * `expectedRevision` is the one in force.
   */
  replace(namespace: Namespace, text: string, expectedRevision: number): Promise<RoutingRecord>;
  /** Forgets the rules of a namespace that is going. */
  forget(namespace: Namespace): Promise<void>;
  /**
   * Makes the limits of a namespace's queues what the rules say, because it is new, or somebody put others meanwhile. What fails is told
   * in the log, and done by holdOwed.
   */
  holdLimits(namespace: Namespace): Promise<void>;
  /** Tries again where that failed. */
  holdOwed(): Promise<void>;
};

/** What changing needs. */
export type ChangesDeps = SpacesDeps &
  QueueLimitsDeps & {
    readonly store: Pick<Store, "getMeta" | "swapMeta" | "putMeta">;
    readonly log: Pick<Log, "debug" | "warn">;
    /** Whether a namespace is there, and not being deleted. */
    readonly isAlive: (namespace: Namespace) => boolean;
  };

const noLimits: QueueLimits = new Map();

/** Makes what changes them, and applies what they say already in these namespaces. */
export async function openChanges(
  namespaces: readonly Namespace[],
  spaces: Spaces,
  deps: ChangesDeps,
): Promise<Changes> {
  const { store, file, log, isAlive } = deps;
  const keeping = createLimitKeeping(deps);
  /** Where the limits may not be what the rules say, because something failed. */
  const owed = new Set<Namespace>();
  // Of two replacements which expect the same revision one is refused.
  const inTurn = createTurns();

  async function apply(namespace: Namespace): Promise<void> {
    owed.delete(namespace);
    // Of one that is going all limits go, and none must come back.
    if (!isAlive(namespace)) return;
    owed.add(namespace);
    await keeping.apply(namespace, {
      current: () => spaces.of(namespace).table?.queueLimits ?? noLimits,
      reread: () => spaces.read(namespace),
    });
    owed.delete(namespace);
  }

  async function applyOrOwe(namespace: Namespace, level: "debug" | "warn" = "warn"): Promise<void> {
    try {
      await apply(namespace);
    } catch (error) {
      log[level]({ err: error, namespace }, "limits that the routing says could not be put yet");
    }
  }

  async function replace(namespace: Namespace, text: string, expectedRevision: number): Promise<void> {
    const before = spaces.of(namespace);
    if (file) throw new StemProblem({ reason: "ROUTING_FIXED", file: file.name });
    const table = compile(text, deps);
    if (before.revision !== expectedRevision) throw conflict(namespace, before);
    await keeping.checkRoom(namespace, table?.queueLimits ?? noLimits);
    const next = { revision: before.revision + 1, text };
    const kept = readKept(await store.swapMeta(routingKeyOf(namespace), writeKept(before), writeKept(next)));
    if (kept.revision !== next.revision || kept.text !== text) {
      if (await spaces.read(namespace)) await applyOrOwe(namespace);
      throw conflict(namespace, kept);
    }
    spaces.put(namespace, { ...next, table });
    await apply(namespace);
  }

  for (const namespace of namespaces) {
    await spaces.read(namespace);
    try {
      await apply(namespace);
    } catch (error) {
      // Operators have to make room, with a server that runs. Whatever else fails stops the start.
      if (!(error instanceof StemProblem) || error.problem.reason !== "LIMIT_COUNT_REACHED") throw error;
      log.warn({ err: error, namespace }, "there is no room for the limits that the routing says");
    }
  }

  return {
    reread: (names) =>
      inTurn(async () => {
        for (const namespace of names) if (await spaces.read(namespace)) await applyOrOwe(namespace);
      }),
    replace: (namespace, text, expectedRevision) =>
      inTurn(async () => {
        await replace(namespace, text, expectedRevision);
        return spaces.record(namespace);
      }),
    forget: (namespace) =>
      inTurn(async () => {
        owed.delete(namespace);
        spaces.drop(namespace);
        if (!file && readKept(await store.getMeta(routingKeyOf(namespace))).text !== "")
          await store.putMeta(routingKeyOf(namespace), writeKept(nothingKept));
        await keeping.forget(namespace);
      }),
    holdLimits: (namespace) => inTurn(() => applyOrOwe(namespace)),
    async holdOwed() {
      if (owed.size === 0) return;
      await inTurn(async () => {
        for (const namespace of [...owed]) await applyOrOwe(namespace, "debug");
      });
    },
  };
}

const conflict = (namespace: Namespace, { revision }: KeptRouting): StemProblem =>
  new StemProblem({ reason: "REVISION_CONFLICT", namespace, revision });
