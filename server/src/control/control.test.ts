import { describe, expect, test } from "vitest";
import { rest } from "../../../test/support/manual-clock.ts";
import { openRooms, type Rooms } from "../../../test/support/rooms.ts";
import type { Command, CommandOutcome } from "../model/command.ts";
import { defaultNamespace, namespaceOf, queueNameOf, taskIdOf } from "../model/ids.ts";
import { createControl, type WorkerAnswer } from "./control.ts";

const command: Command = { content: new Uint8Array([1]), revokes: undefined };
const able = { traits: { capabilities: new Set(["control"]) } };
const done = (paused?: readonly string[]): CommandOutcome => ({
  kind: "done",
  reply: new Uint8Array([2]),
  paused: paused?.map(queueNameOf),
});

/** Sends a command, and gathers the answers as they come. */
function send(rooms: Rooms, targets: readonly string[] = [], what = command) {
  const answers: WorkerAnswer[] = [];
  const order = { namespace: defaultNamespace, targets, command: what, timeoutMs: 5000 };
  const over = (async () => {
    for await (const answer of createControl(rooms).send(order)) answers.push(answer);
  })();
  const kinds = () => answers.map(({ name, outcome }) => `${name}: ${outcome.kind}`);
  return { answers, kinds, over };
}

describe("a command", () => {
  test("is answered by each worker as it comes, and for one that stays silent when the time is up", async () => {
    const rooms = await openRooms();
    const quick = await rooms.worker({ name: "quick", ...able });
    await rooms.worker({ name: "silent", ...able });
    const { kinds, over } = send(rooms);
    await rest();
    quick.session.answer(quick.commands[0]?.commandId ?? 0, done());
    await rest();
    expect(kinds()).toEqual(["quick: done"]);
    await rooms.clock.advance(5000);
    await over;
    expect(kinds()).toEqual(["quick: done", "silent: timed_out"]);
    await rooms.close();
  });

  test("does not reach a worker that takes none, and is answered for it at once", async () => {
    const rooms = await openRooms();
    const old = await rooms.worker({ name: "old" });
    const { kinds, over } = send(rooms);
    await over;
    expect(kinds()).toEqual(["old: unsupported"]);
    expect(old.commands).toEqual([]);
    await rooms.close();
  });

  test("is answered for a worker whose stream breaks, and for one whose stream is lost already", async () => {
    const rooms = await openRooms();
    await rooms.enqueue({}, {});
    const [breaks, lost] = [
      await rooms.worker({ name: "breaks", ...able }),
      await rooms.worker({ name: "lost", ...able }),
    ];
    for (const worker of [breaks, lost]) await worker.takeOne();
    lost.lose();
    const { kinds, over } = send(rooms);
    await rest();
    expect(kinds()).toEqual(["lost: disconnected"]);
    breaks.lose();
    await over;
    expect(kinds()).toEqual(["lost: disconnected", "breaks: disconnected"]);
    await rooms.close();
  });

  test("to somebody unknown reaches nobody", async () => {
    const rooms = await openRooms();
    const worker = await rooms.worker({ name: "w", ...able });
    await expect(send(rooms, ["w", "nobody"]).over).rejects.toMatchObject({
      problem: { reason: "WORKER_UNKNOWN", worker: "nobody" },
    });
    expect(worker.commands).toEqual([]);
    expect(createControl(rooms).listWorkers(namespaceOf("other"))).toEqual([]);
    await rooms.close();
  });

  test("is not answered by a worker that it did not go to", async () => {
    const rooms = await openRooms();
    const meant = await rooms.worker({ name: "meant", ...able });
    const other = await rooms.worker({ name: "other", ...able });
    const { kinds, over } = send(rooms, ["meant"]);
    await rest();
    const commandId = meant.commands[0]?.commandId ?? 0;
    other.session.answer(commandId, { kind: "unsupported" });
    await rest();
    expect(kinds()).toEqual([]);
    meant.session.answer(commandId, done());
    await over;
    expect(kinds()).toEqual(["meant: done"]);
    await rooms.close();
  });
});

test("queues that a worker says are paused are not claimed for it, while others have them", async () => {
  const rooms = await openRooms();
  const worker = await rooms.worker({ name: "w", queues: ["a", "b"], ...able });
  const { over } = send(rooms, ["w"]);
  await rest();
  worker.session.answer(worker.commands[0]?.commandId ?? 0, done(["a"]));
  await over;
  await rooms.enqueue({ id: "in-a", queue: "a" }, { id: "in-b", queue: "b" });
  expect(await worker.takeOne()).toMatchObject({ taskId: "in-b" });
  const other = await rooms.worker({ name: "other", queues: ["a"] });
  expect(await other.takeOne()).toMatchObject({ taskId: "in-a" });
  await rooms.close();
});

test("a revocation ends tasks that nobody runs, whatever workers answer", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "waits" });
  const revokes = { taskIds: ["waits", "unknown"].map(taskIdOf), reason: "enough" };
  await send(rooms, [], { ...command, revokes }).over;
  expect(await rooms.read("waits")).toMatchObject({ state: "cancelled", cancel: { reason: "enough" } });
  await rooms.close();
});
