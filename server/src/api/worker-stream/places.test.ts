import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { anybody, type Caller } from "../callers.ts";
import { createPlaces } from "./places.ts";

const called = (name: string): Caller => ({ principal: { name, by: "token" }, digest: name });

/** The limit that kept a caller out. */
function limitFor(take: () => unknown): string | undefined {
  try {
    take();
  } catch (error) {
    if (error instanceof StemProblem && error.problem.reason === "CONCURRENCY_LIMIT_REACHED")
      return error.problem.limit;
    throw error;
  }
  return undefined;
}

test("a principal has so many places, and all together have so many", () => {
  const places = createPlaces({ ...limits, workerStreamsMax: 3, workerStreamsPerPrincipalMax: 2 });
  const leave = places.take(called("ada"));
  places.take(called("ada"));
  expect(limitFor(() => places.take(called("ada")))).toBe("workerStreamsPerPrincipalMax");
  places.take(called("bob"));
  expect(limitFor(() => places.take(called("bob")))).toBe("workerStreamsMax");
  leave();
  places.take(called("ada"));
});

test("whoever is nobody in particular counts with all only", () => {
  const places = createPlaces({ ...limits, workerStreamsMax: 2, workerStreamsPerPrincipalMax: 1 });
  const leaves = [places.take(anybody), places.take(anybody)];
  expect(limitFor(() => places.take(anybody))).toBe("workerStreamsMax");
  for (const leave of leaves) leave();
  places.take(anybody);
});
