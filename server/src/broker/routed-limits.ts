import type { GateLimit, LimitRef } from "../model/gate.ts";
import { queueNameOf } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { Routing } from "../routing/routing.ts";
import { createLimits, type LimitsDeps, type LimitsPart } from "./limits.ts";

/** What operating on limits needs where rules say some of them. */
export type RoutedLimitsDeps = LimitsDeps & { readonly routing: Pick<Routing, "saysLimits" | "holdLimits"> };

/** The same as createLimits for operators, who leave alone what the namespace's routing says: LIMIT_FIXED. */
export function createRoutedLimits(deps: RoutedLimitsDeps): LimitsPart {
  const { routing } = deps;
  const limitsPart = createLimits(deps);

  function refuseFixed({ namespace, kind, subject: queue }: LimitRef): void {
    if (kind === "queue" && routing.saysLimits(namespace, queueNameOf(queue)))
      throw new StemProblem({ reason: "LIMIT_FIXED", namespace, queue });
  }

  async function unlessFixed<T>(ref: LimitRef, change: () => Promise<T>): Promise<T> {
    refuseFixed(ref);
    const changed = await change();
    try {
      refuseFixed(ref);
    } catch (error) {
      // Rules came into force meanwhile, and may have put theirs before this.
      await routing.holdLimits(ref.namespace);
      throw error;
    }
    return changed;
  }

  return {
    ...limitsPart,
    putLimit: (limit: Omit<GateLimit, "updatedAt">) => unlessFixed(limit, () => limitsPart.putLimit(limit)),
    deleteLimit: (ref: LimitRef) => unlessFixed(ref, () => limitsPart.deleteLimit(ref)),
  };
}
