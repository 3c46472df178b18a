import { expect } from "vitest";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { uniqueEnds } from "../../server/src/model/unique.ts";
import type { TaskDetails } from "../support/new-task.ts";
import { refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";
import { uniqueTask } from "./unique.ts";

const claimOf = ({ store, now }: Subject) => store.getClaim(defaultNamespace, "k", now);
const page = { namespace: defaultNamespace, after: undefined, limit: 10 };
const succeeded: Outcome = { kind: "succeeded", result: undefined };

/** Unique keys that are kept after some ends, and not after others. */
export function keptAfterCases({ case: test }: Suite): void {
  const once = { policy: { maxAttempts: 1 } };
  const failed: Outcome = { kind: "failed", failure: new Uint8Array(1), nonRetryable: false };
  const ends = {
    succeeded: async (subject: Subject) => void (await subject.settle(await subject.claimOne(), succeeded)),
    failed: async (subject: Subject) => void (await subject.settle(await subject.claimOne(), failed)),
    cancelled: async (subject: Subject) => void (await subject.cancel("a")),
    expired: async (subject: Subject) => void (await subject.store.expireOverdue(subject.now, 10)),
  } as const;
  for (const end of uniqueEnds)
    test(`a key that is kept after some ends is kept after those, and free at once after others: ${end}`, async (subject) => {
      const others = uniqueEnds.filter((each) => each !== end);
      for (const [keptAfter, isKept] of [
        [[end], true],
        [others, false],
      ] as const) {
        const details = { policy: { ...once.policy, ...(end === "expired" && { expireMs: 10 }) } };
        await subject.accept(uniqueTask("a", { forMs: 1000, keptAfter }, details));
        if (end === "expired") subject.advance(10);
        expect(await subject.accept(uniqueTask("b")), "while it lives").toEqual([
          { unique: "kept", holder: "a" },
        ]);
        await ends[end](subject);
        expect((await subject.task("a")).state).toBe(end);
        expect(await claimOf(subject)).toEqual(
          isKept ? expect.objectContaining({ freeAt: plus(subject.now, 1000) }) : undefined,
        );
        subject.advance(1000);
        expect(await claimOf(subject)).toBeUndefined();
        await subject.store.remove([refOf("a")], subject.now);
        await subject.store.pruneClaims(subject.now, 10);
        subject.advance(100_000_000);
        await subject.store.prune(subject.now, 10);
      }
    });
  const prune = async ({ store, now }: Subject) => void (await store.prune(now, 10));
  const ways: Readonly<
    Record<string, readonly [TaskDetails["policy"], (subject: Subject) => Promise<void>]>
  > = {
    "its time is over": [{ retentionMs: 1000 }, prune],
    "it is removed": [{}, async ({ store, now }) => void (await store.remove([refOf("a")], now))],
    "there are too many": [
      { keepNewest: { count: 0, bytes: undefined } },
      async ({ store, now }) => void (await store.pruneOverfull(now, 10)),
    ],
    "it is told anew when it goes": [
      { retentionMs: 100_000_000 },
      async (subject) => {
        await subject.store.setRetention(refOf("a"), subject.now);
        await prune(subject);
      },
    ],
  };
  for (const [way, [policy, drop]] of Object.entries(ways))
    test(`a key that is kept for as long as a record is free when that goes, and not before: ${way}`, async (subject) => {
      const wish = { forMs: undefined, keptAfter: ["succeeded"] } as const;
      await subject.accept(uniqueTask("a", wish, { policy: { ...policy } }));
      await ends.succeeded(subject);
      subject.advance(1000);
      await subject.store.pruneClaims(subject.now, 10);
      expect(await claimOf(subject)).toMatchObject({ taskId: "a", freeAt: undefined });
      expect(await subject.store.listClaims({ ...page, now: subject.now })).toHaveLength(1);
      expect(await subject.accept(uniqueTask("b"))).toEqual([{ unique: "kept", holder: "a" }]);
      await drop(subject);
      expect(await subject.store.read([refOf("a")])).toEqual([undefined]);
      expect(await claimOf(subject)).toBeUndefined();
      expect(await subject.store.listClaims({ ...page, now: subject.now })).toEqual([]);
      expect(await subject.accept(uniqueTask("b"))).toEqual(["accepted"]);
    });

  test("a key that is kept for as long as a record is kept for its window, too, and after other ends not at all", async (subject) => {
    const wish = { forMs: undefined, keptAfter: ["succeeded"] } as const;
    await subject.accept(uniqueTask("a", { ...wish, keepUntil: plus(subject.now, 1000) }));
    await ends.succeeded(subject);
    await subject.store.remove([refOf("a")], subject.now);
    subject.advance(999);
    expect(await subject.accept(uniqueTask("b"))).toEqual([{ unique: "kept", holder: "a" }]);
    subject.advance(1);
    expect(await subject.accept(uniqueTask("a2", wish))).toEqual(["accepted"]);
    await subject.cancel("a2");
    expect(await subject.accept(uniqueTask("b"))).toEqual(["accepted"]);
  });
}
