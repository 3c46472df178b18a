/** How many streams of workers may be open: in all, and of one principal. */

import type { LimitName, Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import type { Caller } from "../callers.ts";

/** The places of a server's worker streams. */
export interface Places {
  /** Takes one, or throws CONCURRENCY_LIMIT_REACHED. Answers how to leave it. */
  take(caller: Caller): () => void;
}

/** Makes places that are all free. */
export function createPlaces(limits: Limits): Places {
  let taken = 0;
  const byPrincipal = new Map<string, number>();

  function checkRoom(limit: LimitName, count: number): void {
    const max = limits[limit];
    if (count >= max) throw new StemProblem({ reason: "CONCURRENCY_LIMIT_REACHED", limit, max });
  }

  function count(name: string, change: 1 | -1): void {
    const next = (byPrincipal.get(name) ?? 0) + change;
    if (next === 0) byPrincipal.delete(name);
    else byPrincipal.set(name, next);
  }

  return {
    take({ principal }) {
      checkRoom("workerStreamsMax", taken);
      if (principal) checkRoom("workerStreamsPerPrincipalMax", byPrincipal.get(principal.name) ?? 0);
      taken += 1;
      if (principal) count(principal.name, 1);
      return () => {
        taken -= 1;
        if (principal) count(principal.name, -1);
      };
    },
  };
}
