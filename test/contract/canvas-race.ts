import { expect } from "vitest";
import { canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import { chord, leaf, newCanvas } from "../support/new-canvas.ts";
import { named, textOf } from "./canvas-subject.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const times = 1000;
/** So many chords come to their last members at the same time. */
const atOnce = 50;

/** Ends of one canvas at the same instant. */
export function canvasRaceCases({ case: test }: Suite): void {
  test(
    "two members of a chord that end at the same instant start its body, once",
    async (subject) => {
      for (let done = 0; done < times; done += atOnce) await race(subject, done);
    },
    { timeoutMs: 120_000 },
  );
}

async function race(subject: Subject, round: number): Promise<void> {
  const ids = Array.from({ length: atOnce }, (_, at) => `chord ${round + at}`);
  const canvases = ids.map((id) =>
    newCanvas(id, chord(leaf(`body of ${id}`), leaf(`${id} a`), leaf(`${id} b`))),
  );
  await Promise.all(canvases.map((canvas) => subject.store.submitCanvas(canvas, subject.now)));
  const members = await subject.claim({ limit: 2 * atOnce });
  expect(members).toHaveLength(2 * atOnce);
  // Each by a call of its own, none of which waits for another.
  const verdicts = await Promise.all(members.map((one) => subject.settle(one, named(one))));
  for (const verdict of verdicts) expect(verdict).toMatchObject({ kind: "applied" });
  const bodies = await subject.claim({ limit: 10 * atOnce });
  expect(bodies.map(({ content }) => textOf(content)).toSorted()).toEqual(
    ids.map((id) => `body of ${id}`).toSorted(),
  );
  await Promise.all(bodies.map((one) => subject.settle(one, named(one))));
  await Promise.all(ids.map((id) => expectEnded(subject, id)));
  expect(await subject.claim()).toEqual([]);
}

/** Reads the canvas and its header at once. */
async function expectEnded({ store }: Subject, id: string): Promise<void> {
  const page = { namespace: defaultNamespace, canvas: canvasIdOf(id), after: undefined, limit: 10 };
  const barriers = await store.listBarriers(page);
  const said = barriers.map(({ shape, state, size, ended, unsuccessful }) => [
    ...[shape, state, size],
    ...[ended, unsuccessful],
  ]);
  expect(said.toSorted()).toEqual([
    ["list", "succeeded", 2, 2, 0],
    ["one", "succeeded", 1, 1, 0],
  ]);
}
