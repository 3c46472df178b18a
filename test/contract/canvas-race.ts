import { expect } from "vitest";
import { canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import { chord, leaf, newCanvas } from "../support/new-canvas.ts";
import { canvasOf, named, textOf } from "./canvas-subject.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const times = process.env["STEM_SOAK"] ? 1000 : 200;
/** So many chords come to their last members at the same time. */
const atOnce = 20;

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
  for (const id of ids)
    await subject.store.submitCanvas(
      newCanvas(id, chord(leaf(`body of ${id}`), leaf(`${id} a`), leaf(`${id} b`))),
      subject.now,
    );
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
  for (const id of ids) {
    expect(await canvasOf(subject, id)).toMatchObject({ state: "succeeded", ended: 1, unsuccessful: 0 });
    const page = { namespace: defaultNamespace, canvas: canvasIdOf(id), after: undefined, limit: 10 };
    const header = (await subject.store.listBarriers(page)).find(({ shape }) => shape === "list");
    expect(header).toMatchObject({ state: "succeeded", size: 2, ended: 2, unsuccessful: 0 });
  }
  expect(await subject.claim()).toEqual([]);
}
