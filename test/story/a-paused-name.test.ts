import { expect, test } from "vitest";
import { defaultNamespace, plus, taskNameOf } from "../../server/src/model/ids.ts";
import { openRooms } from "../support/rooms.ts";

const mail = { namespace: defaultNamespace, kind: "name", subject: "mail" } as const;
const named = (id: string, name = "mail") => ({ id, name: taskNameOf(name) });

test("a paused name waits in every queue while others go on, and comes when it is resumed", async () => {
  const rooms = await openRooms();
  await rooms.enqueue(named("running"));
  const worker = await rooms.worker();
  const running = await worker.takeOne();
  await rooms.broker.pauseTasks(mail, "the mail server is down", { by: "ada" });
  await rooms.enqueue(named("waiting"), named("other", "print"));
  const other = await worker.takeOne();
  expect(other.taskId).toBe("other");
  await worker.succeed(other);
  const { causes } = await rooms.broker.explainTask({
    namespace: defaultNamespace,
    id: (await rooms.read("waiting")).id,
  });
  expect(causes[0]).toMatchObject({
    kind: "limit_paused",
    pause: { reason: "the mail server is down", by: "ada" },
  });
  expect(await worker.succeed(running), "what runs goes on").toMatchObject({ kind: "accepted" });
  let taken = "";
  const next = worker.takeOne().then((lease) => {
    taken = lease.taskId;
  });
  await rooms.clock.advance(60_000);
  expect(taken).toBe("");
  await rooms.broker.resumeTasks(mail);
  await next;
  expect(taken).toBe("waiting");
  await rooms.close();
});

test("a paused name goes on by itself at its time, and an idle worker wakes", async () => {
  const rooms = await openRooms();
  const { broker, clock } = rooms;
  const resumeAt = plus(clock.now(), 60_000);
  expect((await broker.pauseTasks(mail, "deploy", { resumeAt })).pause).toMatchObject({ resumeAt });
  await rooms.enqueue(named("waiting"));
  const worker = await rooms.worker();
  let taken = "";
  const next = worker.takeOne().then((lease) => {
    taken = lease.taskId;
  });
  await clock.advance(59_000);
  expect(taken).toBe("");
  await clock.advance(2000);
  await next;
  await expect(broker.getLimit(mail)).rejects.toMatchObject({ problem: { reason: "LIMIT_UNKNOWN" } });
  await rooms.close();
});
