import { expect } from "vitest";
import { defaultNamespace, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { defaultQueue, newTask } from "../support/new-task.ts";
import type { Suite } from "./suite.ts";

const ref = { namespace: defaultNamespace, queue: defaultQueue };
const other = { ...ref, queue: queueNameOf("other") };

/** Pauses that say who, and that end by themselves. */
export function pauseCases({ case: test }: Suite): void {
  test("a pause says who, why, since when and until when", async (subject) => {
    const pause = { reason: "deploy", at: subject.now, by: "ada", resumeAt: plus(subject.now, 100) };
    await subject.store.setPause(ref, pause, subject.now);
    expect((await subject.store.getQueue(ref))?.pause).toEqual(pause);
    const again = { reason: "", at: subject.now };
    await subject.store.setPause(ref, again, subject.now);
    expect((await subject.store.getQueue(ref))?.pause).toEqual(again);
  });

  test("a pause whose time is over is due, earliest first, and ends once", async (subject) => {
    await subject.accept(newTask("a"), newTask("b", { queue: other.queue }));
    const pauseUntil = (queue: typeof ref, ms: number) =>
      subject.store.setPause(
        queue,
        { reason: "", at: subject.now, resumeAt: plus(subject.now, ms) },
        subject.now,
      );
    await pauseUntil(ref, 20);
    await pauseUntil(other, 10);
    subject.advance(9);
    expect(await subject.store.duePauses(subject.now, 10)).toEqual([]);
    expect(await subject.store.endPauses([ref, other], subject.now)).toEqual([]);
    subject.advance(11);
    expect(await subject.store.duePauses(subject.now, 1)).toEqual([other]);
    expect(await subject.store.duePauses(subject.now, 10)).toEqual([other, ref]);
    expect(await subject.claim()).toEqual([]);
    expect(await subject.store.endPauses([other, ref], subject.now)).toEqual([other, ref]);
    expect(await subject.store.endPauses([other, ref], subject.now)).toEqual([]);
    expect(await subject.store.duePauses(subject.now, 10)).toEqual([]);
    expect(await subject.claim({ queues: [defaultQueue, other.queue] })).toHaveLength(2);
  });

  test("a queue that was paused anew meanwhile stays paused, and one paused without an end is never due", async (subject) => {
    await subject.store.setPause(
      ref,
      { reason: "", at: subject.now, resumeAt: plus(subject.now, 10) },
      subject.now,
    );
    subject.advance(10);
    const due = await subject.store.duePauses(subject.now, 10);
    await subject.store.setPause(ref, { reason: "for good", at: subject.now }, subject.now);
    expect(await subject.store.endPauses(due, subject.now)).toEqual([]);
    expect((await subject.store.getQueue(ref))?.pause).toMatchObject({ reason: "for good" });
    subject.advance(1_000_000);
    expect(await subject.store.duePauses(subject.now, 10)).toEqual([]);
  });
}
