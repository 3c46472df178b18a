import { expect, onTestFinished, test } from "vitest";
import type { CanvasDraft } from "../../server/src/broker/broker.ts";
import { canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { openRooms, type RoomsWish } from "../support/rooms.ts";
import { submissionOf } from "../support/submission.ts";

const task = (id: string): CanvasDraft => ({
  ...{ kind: "task", submission: submissionOf({ id }), hands: undefined, path: "" },
});

const group = (...members: readonly CanvasDraft[]): CanvasDraft => ({
  ...{ kind: "group", members, onMemberFailure: "fail_fast", isOpen: false, callbacks: [] },
});

const chain = (...steps: readonly CanvasDraft[]): CanvasDraft => ({ kind: "chain", steps, callbacks: [] });

async function open(wish: RoomsWish = {}) {
  const rooms = await openRooms(wish);
  onTestFinished(rooms.close);
  const refOf = (id: string) => ({ namespace: defaultNamespace, id: canvasIdOf(id) });
  const submit = (id: string, draft: CanvasDraft) =>
    rooms.canvases.submit({
      ...{ ...refOf(id), draft, contentHash: () => id, retentionMs: 1000, name: "", tags: [] },
      ...{ description: new Uint8Array(), deadline: undefined, lineage: undefined },
    });
  return { ...rooms, submit, refOf, worker: await rooms.worker() };
}

test("the tasks of a canvas that is cancelled are told why and by whom, and those of others are not", async () => {
  const { submit, refOf, worker, canvases, read, clock } = await open();
  await submit("other", group(task("bad"), task("theirs")));
  await submit("mine", chain(group(task("deep"), chain(group(task("deeper"))))));
  const leases = [];
  for (let i = 0; i < 4; i += 1) leases.push(await worker.takeOne());
  const bad = leases.find(({ taskId }) => taskId === "bad");
  if (bad === undefined) throw new Error("it was not handed out");
  await worker.settle(bad, { kind: "failed", failure: new Uint8Array(), nonRetryable: true });
  expect(await canvases.cancel(refOf("mine"), { reason: "not needed", requester: "ada" })).toBe("cancelled");
  for (const id of ["deep", "deeper"])
    expect(await read(id)).toMatchObject({
      ...{ state: "leased", cancel: { reason: "not needed", requester: "ada" } },
    });
  expect((await read("theirs")).cancel).toBeUndefined();
  // The other one's goes when somebody looks around.
  await clock.advance(2000);
  expect((await read("theirs")).cancel).toMatchObject({ requester: "stem" });
});

test("what was said reaches the tasks of a cancelled canvas also where somebody else has to tell them", async () => {
  const store = createMemoryStore({ limits });
  let isGone = false;
  const readRest: typeof store.readRest = (...args) =>
    isGone ? Promise.reject(new Error("the server is gone")) : store.readRest(...args);
  const { submit, refOf, worker, canvases, read, clock } = await open({ store: { ...store, readRest } });
  await submit("mine", chain(group(task("deep"), chain(group(task("deeper"))))));
  for (let i = 0; i < 2; i += 1) await worker.takeOne();
  isGone = true;
  const message = { reason: "not needed", requester: "ada" };
  await expect(canvases.cancel(refOf("mine"), message)).rejects.toThrow("the server is gone");
  expect((await read("deep")).cancel, "nobody was told").toBeUndefined();
  isGone = false;
  await clock.advance(60_000);
  for (const id of ["deep", "deeper"]) expect((await read(id)).cancel).toMatchObject(message);
});
