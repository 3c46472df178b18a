import { expect } from "vitest";
import { defaultNamespace, lockKeyOf, namespaceOf } from "../../server/src/model/ids.ts";
import type { Lock } from "../../server/src/model/lock.ts";
import type { LockHold } from "../../server/src/ports/lock-store.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const other = namespaceOf("other");
const ref = (key = "door", namespace = defaultNamespace) => ({ namespace, key: lockKeyOf(key) });

const acquire = ({ store, now }: Subject, owner: string, ttlMs = 1000, of = ref()) =>
  store.acquireLock({ ...of, owner, ttlMs, now });

/** Takes a lock that is free, and fails where it is not. */
async function take(subject: Subject, owner: string, ttlMs = 1000, of = ref()): Promise<Lock> {
  const verdict = await acquire(subject, owner, ttlMs, of);
  if (verdict.kind !== "acquired") throw new Error(`the lock is not free: ${JSON.stringify(verdict)}`);
  return verdict.lock;
}

const renew = ({ store, now }: Subject, hold: LockHold, ttlMs = 1000) => store.renewLock(hold, ttlMs, now);
const release = ({ store, now }: Subject, hold: LockHold) => store.releaseLock(hold, now);
const holderOf = async ({ store, now }: Subject, of = ref()) => (await store.getLock(of, now))?.owner;

/** Locks: one holder a key, until it lets go or is not heard of in time. */
export function lockCases(suite: Suite): void {
  holdingCases(suite);
  endingCases(suite);
  fenceCases(suite);
  lookingCases(suite);
}

function holdingCases({ case: test }: Suite): void {
  test("a lock that is held is refused to a second owner, who is told who holds it", async (subject) => {
    const lock = await take(subject, "ann");
    expect(lock).toEqual({
      ...ref(),
      owner: "ann",
      fence: lock.fence,
      acquiredAt: subject.now,
      expiresAt: subject.now + 1000,
    });
    subject.advance(999);
    expect(await acquire(subject, "bob")).toEqual({ kind: "held", lock });
    expect(await subject.store.getLock(ref(), subject.now)).toEqual(lock);
  });

  test("the owner of a lock that acquires it again renews it, with the same fence", async (subject) => {
    const lock = await take(subject, "ann");
    subject.advance(600);
    expect(await acquire(subject, "ann")).toEqual({
      kind: "renewed",
      lock: { ...lock, expiresAt: subject.now + 1000 },
    });
    subject.advance(999);
    expect(await acquire(subject, "bob")).toMatchObject({ kind: "held" });
  });

  test("of many who want a lock at once, one has it", async (subject) => {
    const owners = Array.from({ length: 50 }, (_, i) => `owner-${i}`);
    const verdicts = await Promise.all(owners.map((owner) => acquire(subject, owner)));
    expect(verdicts.filter(({ kind }) => kind === "acquired")).toHaveLength(1);
    expect(verdicts.filter(({ kind }) => kind === "held")).toHaveLength(49);
  });

  test("a renewal moves the end of a lock, and never brings it nearer", async (subject) => {
    const lock = await take(subject, "ann");
    subject.advance(900);
    expect(await renew(subject, lock)).toEqual({ ...lock, expiresAt: subject.now + 1000 });
    subject.advance(500);
    expect(await renew(subject, lock, 100)).toEqual({ ...lock, expiresAt: subject.now + 500 });
    expect(await acquire(subject, "ann", 100)).toMatchObject({ lock: { expiresAt: subject.now + 500 } });
  });

  test("only its owner, under its fence, renews or releases a lock", async (subject) => {
    const lock = await take(subject, "ann");
    for (const hold of [
      { ...lock, owner: "bob" },
      { ...lock, fence: lock.fence + 1 },
      { ...lock, fence: lock.fence - 1 },
      { ...lock, ...ref("window") },
      { ...lock, namespace: other },
    ]) {
      expect(await renew(subject, hold, 5000)).toBeUndefined();
      expect(await release(subject, hold)).toBe(false);
    }
    expect(await subject.store.getLock(ref(), subject.now)).toEqual(lock);
  });

  test(
    "no more locks are held than may be, and one that ends makes room",
    async (subject) => {
      const a = await take(subject, "ann", 1000, ref("a"));
      await take(subject, "ann", 50, ref("b"));
      expect(await acquire(subject, "ann", 1000, ref("c"))).toEqual({ kind: "limit" });
      expect(await acquire(subject, "ann", 1000, ref("a"))).toMatchObject({ kind: "renewed" });
      expect(await acquire(subject, "bob", 1000, ref("a"))).toMatchObject({ kind: "held" });
      await release(subject, a);
      await take(subject, "ann", 1000, ref("c"));
      expect(await acquire(subject, "ann", 1000, ref("d"))).toEqual({ kind: "limit" });
      subject.advance(50);
      await take(subject, "bob", 50, ref("b"));
      expect(await acquire(subject, "ann", 1000, ref("d"))).toEqual({ kind: "limit" });
      subject.advance(50);
      expect(await subject.store.pruneLocks(subject.now, 10)).toBe(1);
      await take(subject, "ann", 1000, ref("d"));
    },
    { limits: { locksMax: 2 } },
  );
}

function endingCases({ case: test }: Suite): void {
  test("a lock that was released is free at once, and its holder has it no more", async (subject) => {
    const lock = await take(subject, "ann");
    expect(await release(subject, lock)).toBe(true);
    expect(await holderOf(subject)).toBeUndefined();
    expect(await release(subject, lock)).toBe(false);
    expect(await renew(subject, lock)).toBeUndefined();
    expect((await take(subject, "bob")).owner).toBe("bob");
  });

  test("a lock that is not renewed ends by itself, and another may have it from that moment", async (subject) => {
    await take(subject, "ann");
    subject.advance(1000);
    expect(await holderOf(subject)).toBeUndefined();
    expect(await take(subject, "bob")).toMatchObject({ owner: "bob", acquiredAt: subject.now });
  });

  test("a lock that ended is neither renewed nor released, also when nobody has taken it", async (subject) => {
    const lock = await take(subject, "ann");
    subject.advance(1000);
    expect(await renew(subject, lock)).toBeUndefined();
    expect(await release(subject, lock)).toBe(false);
    expect(await holderOf(subject)).toBeUndefined();
    await take(subject, "bob");
    expect(await renew(subject, lock)).toBeUndefined();
    expect(await release(subject, lock)).toBe(false);
    expect(await holderOf(subject)).toBe("bob");
  });

  test("locks that ended are forgotten, those that are held are not", async (subject) => {
    for (const key of ["a", "b", "c"]) await take(subject, "ann", 100, ref(key));
    await take(subject, "ann", 101, ref("kept"));
    subject.advance(100);
    expect(await subject.store.pruneLocks(subject.now, 2)).toBe(2);
    expect(await subject.store.pruneLocks(subject.now, 2)).toBe(1);
    expect(await subject.store.pruneLocks(subject.now, 2)).toBe(0);
    expect(await holderOf(subject, ref("kept"))).toBe("ann");
  });
}

function fenceCases({ case: test }: Suite): void {
  test("a lock's fence rises with every holder, also after it was released, ended or was forgotten", async (subject) => {
    const fences = [(await take(subject, "ann")).fence];
    subject.advance(1000);
    fences.push((await take(subject, "ann")).fence);
    const last = await take(subject, "ann", 1000, ref("another"));
    expect(last.fence).toBeGreaterThan(0);
    subject.advance(1000);
    expect(await subject.store.pruneLocks(subject.now, 10)).toBe(2);
    const lock = await take(subject, "bob");
    fences.push(lock.fence);
    await release(subject, lock);
    fences.push((await take(subject, "bob")).fence);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
    expect(fences).toHaveLength(4);
  });

  test("a lock outlives a restart with its owner, end and fence, and later fences are higher", async (subject) => {
    const lock = await take(subject, "ann");
    const gone = await take(subject, "ann", 100, ref("gone"));
    subject.advance(100);
    expect(await subject.store.pruneLocks(subject.now, 10)).toBe(1);
    await subject.reopen();
    expect(await subject.store.getLock(ref(), subject.now)).toEqual(lock);
    expect(await acquire(subject, "bob")).toEqual({ kind: "held", lock });
    expect(await renew(subject, lock)).toMatchObject({ fence: lock.fence });
    const again = await take(subject, "bob", 1000, ref("gone"));
    expect(again.fence).toBeGreaterThan(gone.fence);
    expect(Number.isSafeInteger(again.fence)).toBe(true);
  });
}

function lookingCases({ case: test }: Suite): void {
  test("the same key in two namespaces is two locks", async (subject) => {
    await take(subject, "ann");
    await take(subject, "bob", 1000, ref("door", other));
    expect([await holderOf(subject), await holderOf(subject, ref("door", other))]).toEqual(["ann", "bob"]);
    expect(await holderOf(subject, ref("door", namespaceOf("third")))).toBeUndefined();
  });

  test("locks that are held are listed by key, page by page, in one namespace", async (subject) => {
    for (const key of ["b", "B", "a.2", "a-1", "c"]) await take(subject, "ann", 1000, ref(key));
    await take(subject, "ann", 10, ref("a-9"));
    await take(subject, "ann", 1000, ref("a", other));
    subject.advance(10);
    const page = async (after: string | undefined, limit: number) =>
      (
        await subject.store.listLocks({
          namespace: defaultNamespace,
          after: after === undefined ? undefined : lockKeyOf(after),
          limit,
          now: subject.now,
        })
      ).map(({ key }) => key);
    expect(await page(undefined, 10)).toEqual(["B", "a-1", "a.2", "b", "c"]);
    expect(await page("a-1", 2)).toEqual(["a.2", "b"]);
    expect(await page("c", 2)).toEqual([]);
    const [first] = await subject.store.listLocks({
      namespace: defaultNamespace,
      after: undefined,
      limit: 1,
      now: subject.now,
    });
    expect(first).toEqual(await subject.store.getLock(ref("B"), subject.now));
  });
}
