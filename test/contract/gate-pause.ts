import { expect } from "vitest";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import type { Pause } from "../../server/src/model/pause.ts";
import type { GateNews, GateRef } from "../../server/src/ports/gate-store.ts";
import { newTask, tiesOf } from "../support/new-task.ts";
import { deleteLimit, putLimit } from "./limits.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);
const nameRef = { namespace: defaultNamespace, kind: "name", subject: "mail.send" } as const;
const keyRef = { namespace: defaultNamespace, kind: "key", subject: "tenant" } as const;

/** Pauses or resumes, in as many pieces as that takes. */
export async function setGatePause(subject: Subject, ref: GateRef, pause?: Partial<Pause>): Promise<void> {
  const whole = pause && { reason: "", at: subject.now, ...pause };
  while ((await subject.store.setGatePause(ref, whole, subject.now)) === "more");
}

const kinds = [
  { ref: nameRef, task: (id: string) => newTask(id) },
  { ref: keyRef, task: (id: string) => newTask(id, { ties: tiesOf({ limitKey: "tenant" }) }) },
] as const;

/** Pauses of names and keys. */
export function gatePauseCases({ case: test }: Suite): void {
  for (const { ref, task } of kinds) {
    test(`a paused ${ref.kind} is handed out no more, what runs goes on, and resuming brings all in order`, async (subject) => {
      await subject.accept(task("a"), task("b"));
      const running = await subject.claimOne();
      const pause = { reason: "deploy", by: "ada", at: subject.now, resumeAt: plus(subject.now, 60_000) };
      await setGatePause(subject, ref, pause);
      await subject.accept(task("c"), newTask("other", { name: "print" as never }));
      expect(idsOf(await subject.claim())).toEqual(["other"]);
      expect(await subject.store.getLimit(ref)).toEqual({
        ...{ ...ref, concurrency: undefined, rate: undefined, pause, updatedAt: subject.now },
        ...{ leased: 1, waiting: 2 },
      });
      await subject.settle(running, { kind: "succeeded", result: undefined });
      expect(await subject.claim()).toEqual([]);
      await setGatePause(subject, ref);
      expect(await subject.store.getLimit(ref)).toBeUndefined();
      expect(idsOf(await subject.claim())).toEqual(["b", "c"]);
    });

    test(`a pause of a ${ref.kind} is the newest that was said, and one that is not there is resumed in vain`, async (subject) => {
      await setGatePause(subject, ref);
      expect(await subject.store.getLimit(ref)).toBeUndefined();
      await setGatePause(subject, ref, { reason: "first", by: "ada", resumeAt: plus(subject.now, 5) });
      await setGatePause(subject, ref, { reason: "second" });
      const { pause } = (await subject.store.getLimit(ref)) ?? {};
      expect(pause).toEqual({ reason: "second", at: subject.now });
      await subject.accept(task("a"));
      subject.advance(1_000_000);
      await subject.store.openGates(subject.now);
      expect(await subject.claim()).toEqual([]);
    });

    test(`a pause of a ${ref.kind} with an end is over then, by itself, and whoever waits is told`, async (subject) => {
      const news: GateNews[] = [];
      await setGatePause(subject, ref, { resumeAt: plus(subject.now, 100) });
      subject.store.onGateNews((each) => news.push(each));
      await subject.accept(task("a"), task("b"));
      expect(news.map(({ wakeAt }) => wakeAt)).toContain(plus(subject.now, 100));
      subject.advance(99);
      await subject.store.openGates(subject.now);
      expect(await subject.claim()).toEqual([]);
      subject.advance(1);
      news.length = 0;
      await subject.store.openGates(subject.now);
      expect(news.flatMap(({ opened }) => opened.map(({ count }) => count))).toEqual([2]);
      expect(await subject.store.getLimit(ref)).toBeUndefined();
      expect(idsOf(await subject.claim())).toEqual(["a", "b"]);
    });
  }

  test("a pause and a limit of one subject are put and taken away each by itself", async (subject) => {
    await putLimit(subject, "name", nameRef.subject, { concurrency: 1 });
    await setGatePause(subject, nameRef, { reason: "deploy" });
    await putLimit(subject, "name", nameRef.subject, { concurrency: 2 });
    expect(await subject.store.getLimit(nameRef)).toMatchObject({
      concurrency: 2,
      pause: { reason: "deploy" },
    });
    await subject.accept(...["a", "b", "c", "d", "e"].map((id) => newTask(id)));
    expect(await subject.claim()).toEqual([]);
    await setGatePause(subject, nameRef);
    expect(idsOf(await subject.claim())).toEqual(["a", "b"]);
    await setGatePause(subject, nameRef, { reason: "again" });
    await deleteLimit(subject, "name", nameRef.subject);
    const left = await subject.store.listLimits(defaultNamespace, undefined, 10);
    expect(left).toMatchObject([{ concurrency: undefined, pause: { reason: "again" } }]);
    expect(await subject.store.deleteLimit(nameRef, subject.now)).toBe("unknown");
    expect(await subject.claim()).toEqual([]);
    await setGatePause(subject, nameRef);
    expect(idsOf(await subject.claim())).toEqual(["c", "d", "e"]);
  });

  test("a task is read with the pause of its name, and waits with it through a lost lease", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.claimOne();
    await setGatePause(subject, nameRef, { reason: "deploy", by: "ada" });
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(await subject.claim()).toEqual([]);
    expect((await subject.store.readStanding(refOf("a"), 5))?.limits).toMatchObject([
      { limit: { kind: "name", pause: { reason: "deploy", by: "ada" } }, leased: 0 },
    ]);
  });

  test(
    "pauses count among the limits of a namespace",
    async (subject) => {
      await putLimit(subject, "key", "k", { concurrency: 1 });
      const pause = { reason: "", at: subject.now };
      expect(await subject.store.setGatePause(nameRef, pause, subject.now)).toBe("too_many");
      expect(await subject.store.setGatePause(nameRef, undefined, subject.now)).toBe("done");
      expect(await subject.store.setGatePause({ ...keyRef, subject: "k" }, pause, subject.now)).toBe("done");
    },
    { limits: { gateLimitsPerNamespaceMax: 1 } },
  );
}
