import { expect } from "vitest";
import { plus } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { newTask } from "../support/new-task.ts";
import { refOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Removing records before their time. */
export function removeCases({ case: test }: Suite): void {
  test("an ended task is removed with all that is told of it, and nothing else", async (subject) => {
    await subject.accept(newTask("a", { tags: ["t"] }), newTask("b", { tags: ["t"] }));
    await subject.cancel("a");
    expect(await subject.store.remove([refOf("a")], subject.now)).toEqual(["removed"]);
    expect(await subject.store.read([refOf("a")])).toEqual([undefined]);
    expect((await subject.list({ tag: "t" })).tasks.map(({ id }) => id)).toEqual(["b"]);
    const { namespace, queue } = await subject.task("b");
    expect((await subject.store.getQueue({ namespace, queue }))?.depth).toMatchObject({
      ...{ ready: 1, cancelled: 0 },
    });
  });

  test("what has not ended is live and stays, what is not there is unknown", async (subject) => {
    await subject.accept(newTask("ready"), newTask("leased", { priority: 9 }));
    await subject.accept(newTask("later", { notBefore: plus(subject.now, 1) }));
    await subject.claimOne();
    const refs = ["ready", "leased", "later", "gone"].map((id) => refOf(id));
    expect(await subject.store.remove(refs, subject.now)).toEqual(["live", "live", "live", "unknown"]);
    expect((await subject.list()).tasks).toHaveLength(3);
    expect(await subject.store.remove([], subject.now)).toEqual([]);
  });

  test("a removed id is remembered for a day, and free thereafter", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.cancel("a");
    expect(await subject.store.remove([refOf("a"), refOf("a")], subject.now)).toEqual(["removed", "unknown"]);
    expect(await subject.accept(newTask("a"))).toEqual(["duplicate"]);
    subject.advance(limits.tombstoneMs);
    await subject.store.prune(subject.now, 10);
    expect(await subject.accept(newTask("a"))).toEqual(["accepted"]);
  });
}
