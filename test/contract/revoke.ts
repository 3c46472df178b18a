import { expect } from "vitest";
import { defaultNamespace, namespaceOf, plus, taskIdOf } from "../../server/src/model/ids.ts";
import { newTask } from "../support/new-task.ts";
import { refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const ttlMs = 1000;

/** Cancelling ids before they come. */
export function revokeCases({ case: test }: Suite): void {
  test("a revoked id is accepted when it comes, and ends cancelled at once, with reason and requester", async (subject) => {
    expect(await revoke(subject, "a")).toEqual(["noted"]);
    expect(await subject.accept(newTask("a"), newTask("b"))).toEqual(["accepted", "accepted"]);
    expect(await subject.task("a")).toMatchObject({
      ...{ state: "cancelled", reason: "cancel_requested", revision: 2, deliveries: 0 },
      cancel: { reason: "not needed", requester: "ada", at: subject.now },
    });
    expect((await subject.eventsOf("a")).map(({ kind }) => kind)).toEqual(["accepted", "cancelled"]);
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["b"]);
    expect(await subject.accept(newTask("a"))).toEqual(["duplicate"]);
  });

  test("a delayed task of a revoked id does not wait for its time", async (subject) => {
    await revoke(subject, "a");
    await subject.accept(newTask("a", { notBefore: plus(subject.now, 86_400_000) }));
    expect((await subject.task("a")).state).toBe("cancelled");
  });

  test("what has come is known, what was removed is gone, and nothing is noted of either", async (subject) => {
    await subject.accept(newTask("a"), newTask("b", { policy: { retentionMs: 0 } }));
    await subject.cancel("b");
    await subject.store.remove([refOf("b")], subject.now);
    expect(await revoke(subject, "a", "b", "c")).toEqual(["known", "gone", "noted"]);
    expect((await subject.task("a")).state).toBe("ready");
  });

  test("an entry is good until its time is over, and for one task", async (subject) => {
    await revoke(subject, "late", "once", "in time");
    subject.advance(ttlMs - 1);
    await subject.accept(newTask("in time"));
    subject.advance(1);
    await subject.store.prune(subject.now, 10);
    await subject.accept(newTask("late"));
    expect((await subject.task("in time")).state).toBe("cancelled");
    expect((await subject.task("late")).state).toBe("ready");
  });

  test("a later entry replaces the one before, and one namespace's are not another's", async (subject) => {
    await revoke(subject, "a");
    subject.advance(ttlMs - 1);
    await revoke(subject, "a");
    subject.advance(ttlMs - 1);
    await subject.accept(newTask("a", { namespace: namespaceOf("other") }), newTask("a"));
    const [other] = await subject.store.readHeads([refOf("a", namespaceOf("other"))]);
    expect(other?.state).toBe("ready");
    expect((await subject.task("a")).state).toBe("cancelled");
  });

  test(
    "there are as many entries as may be, and those whose time is over make room",
    async (subject) => {
      expect(await revoke(subject, "a", "b", "c")).toEqual(["noted", "noted", "limit"]);
      expect(await revoke(subject, "b")).toEqual(["noted"]);
      subject.advance(ttlMs);
      expect(await revoke(subject, "c")).toEqual(["noted"]);
    },
    { limits: { revocationsMax: 2 } },
  );

  test("entries are listed by id with what was said, page by page, until they are over or have come", async (subject) => {
    await revoke(subject, "c", "a", "b", "come");
    await subject.accept(newTask("come"));
    await subject.store.revoke(
      [
        {
          ref: refOf("d"),
          cancel: { reason: "", requester: undefined, at: subject.now },
          until: subject.now,
        },
      ],
      subject.now,
    );
    const page = async (after: string | undefined, limit: number, namespace = defaultNamespace) => {
      const asked = { namespace, after: after === undefined ? undefined : taskIdOf(after), limit };
      return subject.store.listRevocations({ ...asked, now: subject.now });
    };
    expect(await page(undefined, 1)).toEqual([
      {
        ref: refOf("a"),
        cancel: { reason: "not needed", requester: "ada", at: subject.now },
        until: plus(subject.now, ttlMs),
      },
    ]);
    expect((await page("a", 10)).map(({ ref }) => ref.id)).toEqual(["b", "c"]);
    expect(await page(undefined, 10, namespaceOf("other"))).toEqual([]);
    subject.advance(ttlMs);
    expect(await page(undefined, 10)).toEqual([]);
  });

  test("an entry that was withdrawn cancels nothing, and makes room", async (subject) => {
    await revoke(subject, "a", "b", "over");
    const withdraw = (ids: readonly string[], namespace = defaultNamespace) =>
      subject.store.withdrawRevocations(namespace, ids.map(taskIdOf), subject.now);
    expect(await withdraw(["a"], namespaceOf("other"))).toEqual([]);
    expect(await withdraw(["nobody", "b", "a"])).toEqual(["b", "a"]);
    expect(await withdraw(["a"])).toEqual([]);
    await subject.accept(newTask("a"));
    expect((await subject.task("a")).state).toBe("ready");
    subject.advance(ttlMs);
    expect(await withdraw(["over"])).toEqual([]);
  });

  test("an atomic batch that is refused leaves the entry as it was", async (subject) => {
    await revoke(subject, "a");
    await subject.accept(newTask("taken"));
    const other = newTask("taken", { priority: 1, contentHash: "other" });
    await subject.store.accept({ tasks: [newTask("a"), other], now: subject.now, atomic: true });
    await subject.accept(newTask("a"));
    expect((await subject.task("a")).state).toBe("cancelled");
  });
}

const revoke = (subject: Subject, ...ids: readonly string[]) =>
  subject.store.revoke(
    ids.map((id) => ({
      ref: refOf(id),
      cancel: { reason: "not needed", requester: "ada", at: subject.now },
      until: plus(subject.now, ttlMs),
    })),
    subject.now,
  );
