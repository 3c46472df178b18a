import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { all, clearAway, take } from "./canvas-side.ts";
import { type Step, step } from "./canvas-steps.ts";
import { createPairs } from "./pairs.ts";
import { makeReference } from "./reference.ts";
import type { Side } from "./side.ts";
import { createSubject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Random canvases, on the store and on the reference, which must become the same. */
export function canvasTwinCases({ name, declared, open }: Suite): void {
  const seed = Number(process.env["STEM_SEED"] ?? Date.now() % 2 ** 31);
  const runs = Math.max(8, Math.ceil(declared.model.runs / 15));
  test(`keeps canvases as the reference does, over ${runs} random sequences of both`, {
    timeout: 240_000,
  }, async () => {
    process.stdout.write(`${name}: ${runs} random canvases; repeat them with STEM_SEED=${seed}\n`);
    const pairs = createPairs(() => Promise.all([open(limits), createSubject(makeReference, limits)]));
    const sameCanvases = fc.asyncProperty(
      fc.array(step, { minLength: 2, maxLength: 40, size: "max" }),
      (steps) => pairs.use((real, reference) => compare(real, reference, steps)),
    );
    await fc.assert(sameCanvases, { seed, numRuns: runs }).finally(pairs.close);
  });
}

async function compare(real: Side, reference: Side, steps: readonly Step[]): Promise<void> {
  for (const [round, each] of steps.entries()) {
    // All that there is, before what is over goes.
    if (each.kind === "wait") expect(await all(real)).toEqual(await all(reference));
    const expected = await take(reference, each, round);
    expect(await take(real, each, round)).toEqual(expected);
  }
  expect(await all(real)).toEqual(await all(reference));
  await Promise.all([clearAway(real), clearAway(reference)]);
  expect(await all(real)).toEqual({ tasks: [], barriers: [], members: [] });
}
