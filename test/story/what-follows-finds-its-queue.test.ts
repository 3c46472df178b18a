import { expect, onTestFinished, test } from "vitest";
import type { LinkSubmission } from "../../server/src/broker/broker.ts";
import { linkedId } from "../../server/src/model/continuation.ts";
import { defaultNamespace, taskIdOf, taskNameOf } from "../../server/src/model/ids.ts";
import { openRooms } from "../support/rooms.ts";
import { type SubmissionWish, submissionOf } from "../support/submission.ts";

const follows = (wish: SubmissionWish): LinkSubmission => ({
  ...{ on: "succeeded", hands: { member: undefined } },
  submission: submissionOf({ ...wish, policy: { ...wish.policy, takesInput: true } }),
});
const linked = (id: string, link: LinkSubmission, more: SubmissionWish = {}) =>
  submissionOf({ ...more, id, policy: { links: "succeeded" }, links: [link] });
const next = linkedId(defaultNamespace, taskIdOf("a"), "succeeded", 0);

async function open(routing: string) {
  const rooms = await openRooms();
  onTestFinished(rooms.close);
  const replace = (text: string) =>
    rooms.routing.replace(defaultNamespace, text, rooms.routing.get(defaultNamespace).revision);
  await replace(routing);
  const enqueue = (...tasks: ReturnType<typeof submissionOf>[]) =>
    rooms.broker.enqueue(defaultNamespace, tasks, false);
  return { ...rooms, replace, enqueue };
}

test("what follows a task goes where the routes say when that is accepted, with what they give it", async () => {
  const route = "match: { task: mail.send }, target: mail, options: { max_attempts: 7 }";
  const { enqueue, replace, worker, read } = await open(`queues: { mail: }\nroutes: [{ ${route} }]`);
  await enqueue(linked("a", follows({ name: taskNameOf("mail.send") })));
  await replace("");
  const hands = await worker();
  await hands.succeed(await hands.takeOne());
  expect(await read(next)).toMatchObject({ queue: "mail", policy: { maxAttempts: 7 } });
});

test("a task is refused for what would follow it and has no queue, and so is one that follows that", async () => {
  const { enqueue } = await open("queues: { default: }\nundeclared_queues: refuse");
  const lost = follows({ queue: "nowhere" });
  const deep = follows({ policy: { links: "succeeded" }, links: [lost] });
  const verdicts = await enqueue(linked("a", lost), submissionOf({ id: "b" }), linked("c", deep));
  expect(verdicts).toMatchObject([
    { kind: "refused", taskId: "a", problem: { reason: "QUEUE_UNKNOWN", queue: "nowhere" } },
    { kind: "stored", taskId: "b" },
    { kind: "refused", taskId: "c", problem: { reason: "QUEUE_UNKNOWN", queue: "nowhere" } },
  ]);
});

test("a broadcast neither follows a task nor is followed by one", async () => {
  const route = "{ match: { task: shout }, target: { type: broadcast, name: news } }";
  const { enqueue } = await open(`broadcasts: { news: }\nroutes: [${route}]`);
  const name = taskNameOf("shout");
  const verdicts = await enqueue(linked("a", follows({ name })), linked("b", follows({}), { name }));
  expect(verdicts.map((verdict) => verdict.kind === "refused" && verdict.problem)).toMatchObject([
    { violations: [{ field: "options.link[0].task" }] },
    { violations: [{ field: "options.link" }] },
  ]);
});
