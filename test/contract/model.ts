import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { expectInvariants } from "./invariants.ts";
import { type Operation, operation, queuesMax } from "./operations.ts";
import { createPairs } from "./pairs.ts";
import { makeReference } from "./reference.ts";
import { perform, type Side, snapshot } from "./side.ts";
import { createSubject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const ownLimits = { ...limits, queuesPerNamespaceMax: queuesMax };

/** Random sequences of operations, on the store and on the reference, whose answers must be the same. */
export function modelCases({ name, declared, open }: Suite): void {
  const seed = Number(process.env["STEM_SEED"] ?? Date.now() % 2 ** 31);
  const { runs, canReopen } = declared.model;
  test(`answers as the reference does, over ${runs} random sequences`, { timeout: 240_000 }, async () => {
    process.stdout.write(`${name}: ${runs} random sequences; repeat them with STEM_SEED=${seed}\n`);
    const pairs = createPairs(() => Promise.all([open(ownLimits), createSubject(makeReference, ownLimits)]));
    const sequences = fc.array(operation(canReopen), { minLength: 1, maxLength: 60, size: "max" });
    const sameAnswers = fc.asyncProperty(sequences, (operations) =>
      pairs.use((real, reference) => compare(real, reference, operations)),
    );
    await fc.assert(sameAnswers, { seed, numRuns: runs }).finally(pairs.close);
  });
}

async function compare(real: Side, reference: Side, operations: readonly Operation[]): Promise<void> {
  for (const each of operations) {
    const expected = await perform(reference, each);
    expect(await perform(real, each)).toEqual(expected);
  }
  expect(await snapshot(real)).toEqual(await snapshot(reference));
  await expectInvariants(real);
}
