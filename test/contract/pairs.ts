import { namespaceOf } from "../../server/src/model/ids.ts";
import { clear, type Side } from "./side.ts";
import type { Subject } from "./subject.ts";

/**
 * Opening a durable store costs more than a sequence does. So sequences follow each other on one pair of stores, each in a namespace
 * of its own and after everything before it was cleared away; a pair that disagreed is not used again.
 */
export function createPairs(openPair: () => Promise<[Subject, Subject]>) {
  let pair: [Subject, Subject] | undefined;
  let count = 0;

  async function close(): Promise<void> {
    const closing = pair;
    pair = undefined;
    for (const subject of closing ?? []) await subject.dispose();
  }

  async function use(run: (real: Side, reference: Side) => Promise<void>): Promise<void> {
    count += 1;
    pair ??= await openPair();
    const [real, reference] = pair.map((subject) => ({
      subject,
      namespace: namespaceOf(`sequence-${count}`),
      leases: [],
    }));
    if (!real || !reference) throw new Error("two stores were expected");
    try {
      await run(real, reference);
      await Promise.all([clear(real), clear(reference)]);
    } catch (error) {
      await close();
      throw error;
    }
  }

  return { use, close };
}
