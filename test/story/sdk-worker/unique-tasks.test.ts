import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

type Customer = { readonly id: number; readonly at: number };
const sync = defineTask<[customer: Customer], number>({ name: "crm.sync" });
const byId = { unique: { argPaths: ["/0/id"] } } as const;

test("a second call with the same arguments gets the handle of the first, and is counted", async () => {
  const { stem, work } = await startStem();
  const first = await stem.enqueue(sync, [{ id: 7, at: 1 }], byId);
  const [second, other] = await stem.enqueueMany([
    sync.call([{ id: 7, at: 2 }], byId),
    sync.call([{ id: 8, at: 2 }], byId),
  ]);
  expect([first.unique, second.unique, other.unique]).toEqual([undefined, "existing", undefined]);
  expect([second.id, second.deduplicated, other.deduplicated]).toEqual([first.id, true, false]);
  expect((await first.status()).claim).toMatchObject({ duplicates: 1 });
  await work({ tasks: [implement(sync, (_, customer) => customer.at)] });
  expect(await second.result({ timeoutMs: 50_000 })).toBe(1);
  const anew = await stem.enqueue(sync, [{ id: 7, at: 3 }], byId);
  expect(anew.unique).toBeUndefined();
  expect(await anew.result({ timeoutMs: 50_000 })).toBe(3);
});

test("a trace, headers and tags make no other task of a unique one", async () => {
  const { stem } = await startStem();
  const call = (traceparent: string) =>
    stem.enqueue(sync, [{ id: 7, at: 1 }], {
      ...{ unique: true, trace: { traceparent }, tags: [traceparent.slice(-2)] },
      headers: { traceparent },
    });
  const [first, second] = [await call("00-aa-bb-01"), await call("00-cc-dd-02")];
  expect(second.id).toBe(first.id);
});

test("of a hundred calls at once one is stored", async () => {
  const { stem } = await startStem();
  const calls = Array.from({ length: 100 }, () => stem.enqueue(sync, [{ id: 7, at: 1 }], { unique: true }));
  const handles = await Promise.all(calls);
  expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
  expect(handles.filter(({ unique }) => unique === undefined)).toHaveLength(1);
  expect((await handles[0]?.status())?.claim?.duplicates).toBe(99);
});

test("a call that wants the key for itself is refused, or takes the place of the one that waits", async () => {
  const { stem } = await startStem();
  const key = "customer-7";
  const first = await stem.enqueue(sync, [{ id: 7, at: 1 }], { unique: { key } });
  await expect(
    stem.enqueue(sync, [{ id: 7, at: 2 }], { unique: { key, onConflict: "reject" } }),
  ).rejects.toMatchObject({ reason: "UNIQUE_TAKEN", metadata: { key, holderTaskId: first.id } });
  const lost = expect(first.result({ timeoutMs: 50_000 })).rejects.toMatchObject({
    name: "TaskCancelledError",
  });
  const second = await stem.enqueue(sync, [{ id: 7, at: 3 }], { unique: { key, onConflict: "replace" } });
  expect([second.unique, second.deduplicated]).toEqual(["replaced", false]);
  await lost;
  expect(await first.status()).toMatchObject({
    state: "cancelled",
    reason: "replaced",
    claim: { duplicates: 2 },
  });
});

test("a key is kept for a while after a success where that was asked for, and free at once after a failure", async () => {
  const { stem, work } = await startStem();
  const states = ["scheduled", "ready", "leased", "succeeded"] as const;
  const unique = { key: "daily", uniqueForMs: 60_000, states };
  const failing = implement(sync, (_, { at }) => {
    if (at === 1) throw new Error("down");
    return at;
  });
  await work({ tasks: [failing] });
  const first = await stem.enqueue(sync, [{ id: 7, at: 1 }], { unique, maxAttempts: 1 });
  await expect(first.result({ timeoutMs: 50_000 })).rejects.toThrow("down");
  const second = await stem.enqueue(sync, [{ id: 7, at: 2 }], { unique });
  expect(second.id).not.toBe(first.id);
  expect(await second.result({ timeoutMs: 50_000 })).toBe(2);
  expect((await stem.enqueue(sync, [{ id: 7, at: 3 }], { unique })).id).toBe(second.id);
});

test("of a burst of debounced calls the last one is run, once", async () => {
  const { stem, work } = await startStem();
  const ran: number[] = [];
  await work({ tasks: [implement(sync, (_, { at }) => ran.push(at))] });
  const unique = { argPaths: ["/0/id"], debounce: { delayMs: 300, maxWaitMs: 60_000 } };
  const handles = [];
  for (let at = 1; at <= 10; at += 1) handles.push(await stem.enqueue(sync, [{ id: 7, at }], { unique }));
  expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
  expect(handles.slice(1).every((handle) => handle.unique === "updated")).toBe(true);
  await handles[0]?.result({ timeoutMs: 50_000 });
  expect(ran).toEqual([10]);
});

test("a unique task that is replayed claims its key again", async () => {
  const { stem, url, work } = await startStem();
  const options = { unique: { key: "k" } };
  const first = await stem.enqueue(sync, [{ id: 7, at: 1 }], options);
  const worker = await work({ tasks: [implement(sync, (_, { at }) => at)] });
  await first.result({ timeoutMs: 50_000 });
  await worker.stop();
  const replay = async (newTaskId: string) => {
    const answer = await fetch(`${url}/stem.v1.TaskAdminService/ReplayTask`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ taskId: first.id, newTaskId }),
    });
    return [answer.status, ((await answer.json()) as { readonly message?: string }).message];
  };
  expect(await replay("again")).toEqual([200, undefined]);
  expect((await stem.enqueue(sync, [{ id: 7, at: 2 }], options)).id).toBe("again");
  expect(await replay("once-more")).toEqual([409, "the unique key k is claimed by task again"]);
});

test("a dead letter whose key another task has stays a letter, and is refused where it is meant by its id", async () => {
  const { stem, work } = await startStem();
  const options = { unique: { key: "k" }, maxAttempts: 1 };
  const first = await stem.enqueue(sync, [{ id: 7, at: 1 }], options);
  const fails = implement(sync, () => {
    throw new Error("down");
  });
  const worker = await work({ tasks: [fails] });
  await expect(first.result({ timeoutMs: 50_000 })).rejects.toThrow("down");
  await worker.stop();
  const second = await stem.enqueue(sync, [{ id: 7, at: 2 }], options);
  expect(await stem.deadLetters.replayAll({ name: sync.name })).toEqual([]);
  await expect(stem.deadLetters.replay(first.id)).rejects.toMatchObject({
    reason: "UNIQUE_TAKEN",
    metadata: { holderTaskId: second.id },
  });
  await second.cancel();
  const { newId } = await stem.deadLetters.replay(first.id);
  expect((await stem.enqueue(sync, [{ id: 7, at: 3 }], options)).id).toBe(newId);
});
