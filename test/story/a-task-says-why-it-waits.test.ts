import { expect, test } from "vitest";
import { causeText } from "../../server/src/model/cause-text.ts";
import { defaultNamespace, queueNameOf, taskNameOf } from "../../server/src/model/ids.ts";
import type { TaskDefinition } from "../../server/src/model/task-definition.ts";
import { tiesOf } from "../support/new-task.ts";
import { openRooms, queueRefOf, type Rooms, taskRefOf } from "../support/rooms.ts";

/** What the server says of a task, in words. */
const told = async ({ broker }: Rooms, id: string): Promise<string[]> =>
  (await broker.explainTask(taskRefOf(id))).causes.map(causeText);
const kinds = async ({ broker }: Rooms, id: string): Promise<string[]> =>
  (await broker.explainTask(taskRefOf(id))).causes.map(({ kind }) => kind);
const definition = (name: string): TaskDefinition => ({
  ...{ name: taskNameOf(name), version: 1, defaults: undefined, content: new Uint8Array(1) },
});

test("a task that nobody takes says, step by step, what it waits for, until it runs and has ended", async () => {
  const rooms = await openRooms();
  const { broker, clock } = rooms;
  const ties = tiesOf({ limitKey: "printer", labels: { paper: "a3" } });
  await broker.pauseQueue(queueRefOf(), "toner", { by: "ada", resumeAt: undefined });
  const limit = { namespace: defaultNamespace, kind: "key", subject: "printer", rate: undefined } as const;
  await broker.putLimit({ ...limit, concurrency: 0 });
  await rooms.enqueue({ id: "poster", ties, start: { delayMs: 60_000 } });
  expect(await told(rooms, "poster")).toEqual([
    `It waits until ${new Date(clock.now() + 60_000).toISOString()} (delay).`,
    "Its queue is paused by ada (toner), until it is resumed.",
    `Its limit key "printer" is stopped by a limit of 0.`,
    "No worker takes tasks of its queue here.",
  ]);

  await clock.advance(60_000);
  await broker.resumeQueue(queueRefOf());
  await broker.putLimit({ ...limit, concurrency: 1 });
  expect(await kinds(rooms, "poster")).toEqual(["no_worker", "in_line"]);
  const labels = new Map([["paper", "a3"]]);
  await rooms.worker({ name: "small" });
  expect(await told(rooms, "poster")).toEqual([
    "None of 1 worker at its queue has the labels that it requires: paper=a3.",
    "No other of its queue comes before it.",
  ]);
  const full = await rooms.worker({ name: "large", traits: { labels }, credit: 0 });
  expect(await kinds(rooms, "poster")).toEqual(["workers_busy", "in_line"]);

  full.session.credit(0, 1);
  const running = await full.takeOne();
  expect(await told(rooms, "poster")).toMatchObject([expect.stringContaining(`It runs: worker "large"`)]);
  await full.succeed(running);
  expect(await told(rooms, "poster")).toMatchObject([expect.stringContaining("It has ended: succeeded")]);
  await rooms.close();
});

test("a worker that does not know a task's name says so, and one that announces nothing is believed to", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "mail", name: taskNameOf("mail") });
  const idle = { credit: 0 };
  await rooms.worker({ ...idle, name: "printer", definitions: [definition("print")] });
  expect(await kinds(rooms, "mail")).toEqual(["name_unknown", "in_line"]);
  await rooms.worker({ ...idle, name: "silent" });
  expect(await kinds(rooms, "mail")).toEqual(["workers_busy", "in_line"]);
  const lost = await rooms.worker({ name: "mailer", definitions: [definition("mail")] });
  expect(await kinds(rooms, "mail"), "it would take it").toEqual(["in_line"]);
  lost.lose();
  expect(await kinds(rooms, "mail"), "it is gone").toEqual(["workers_busy", "in_line"]);
  await rooms.close();
});

test("whoever waits behind others says how many, whose order, and which limit has room for them alone", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  const invoices = tiesOf({ orderingKey: "customer-7" });
  await rooms.enqueue({ id: "first", ties: invoices }, { id: "second", ties: invoices });
  await rooms.enqueue({ id: "plain" });
  expect(await told(rooms, "plain")).toContain("1 of its queue comes before it.");
  expect(await told(rooms, "second")).toContain(
    `Task "first" of its ordering key "customer-7" comes first, and is ready.`,
  );

  await broker.putLimit({
    ...{ namespace: defaultNamespace, kind: "queue", subject: "default" },
    ...{ concurrency: 1, rate: { count: 1, periodMs: 60_000, burst: 1 } },
  });
  expect(await kinds(rooms, "plain")).toEqual(["others_first", "no_worker", "in_line"]);
  const worker = await rooms.worker();
  const first = await worker.takeOne();
  expect(await kinds(rooms, "plain")).toEqual(["concurrency_reached", "rate_reached", "in_line"]);
  await worker.succeed(first);
  const until = new Date(rooms.clock.now() + 60_000).toISOString();
  expect(await told(rooms, "plain")).toEqual([
    `Its queue "default" may start 1 in 60000 ms, and the next one not until ${until}.`,
    "1 of its queue comes before it.",
  ]);
  await rooms.close();
});

test("a task that is to stop says who wants it, and a server that drains that it hands out nothing", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "running" }, { id: "waiting", queue: queueNameOf("other") });
  const worker = await rooms.worker();
  await worker.takeOne();
  await rooms.broker.cancel(taskRefOf("running"), { reason: "wrong file", requester: "ada" });
  expect((await told(rooms, "running"))[1]).toBe(
    "It is being cancelled, at the request of ada (wrong file).",
  );
  rooms.broker.drain();
  expect(await told(rooms, "waiting")).toContain("This server drains, and hands out nothing more.");
  await rooms.close();
});
