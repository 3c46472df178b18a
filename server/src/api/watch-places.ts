import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";

/** Passes a stream on for as long as it has a place. Throws CONCURRENCY_LIMIT_REACHED when all places are taken. */
export type Watched = <T>(stream: AsyncIterable<T>) => AsyncIterable<T>;

/** Makes the places of all streams that follow something. */
export function createWatchPlaces({ watchStreamsMax: max }: Pick<Limits, "watchStreamsMax">): Watched {
  let taken = 0;
  return async function* (stream) {
    if (taken >= max)
      throw new StemProblem({ reason: "CONCURRENCY_LIMIT_REACHED", limit: "watchStreamsMax", max });
    taken += 1;
    try {
      yield* stream;
    } finally {
      taken -= 1;
    }
  };
}
