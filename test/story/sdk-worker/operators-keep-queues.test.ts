import { connect, defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const work = defineTask({ name: "work" });

test("a queue is made, bounded, closed, emptied and deleted", async () => {
  const { stem, work: start } = await startStem({ queues: { create: "explicit" } });
  await expect(stem.enqueue(work, [], { queue: "mail" })).rejects.toMatchObject({ reason: "QUEUE_UNKNOWN" });
  expect(await stem.queues.create("mail", { description: "letters", backlogMax: 1 })).toMatchObject({
    settings: { description: "letters", backlogMax: 1, isClosed: false },
    revision: 1,
  });
  const first = await stem.enqueue(work, [], { queue: "mail" });
  await expect(stem.enqueue(work, [], { queue: "mail" })).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  await stem.queues.update("mail", { backlogMax: undefined });
  const second = await stem.enqueue(work, [], { queue: "mail" });
  const closed = await stem.queues.update("mail", { isClosed: true }, { revision: 2 });
  expect(closed).toMatchObject({
    settings: { description: "letters", backlogMax: undefined, isClosed: true },
  });
  await expect(stem.enqueue(work, [], { queue: "mail" })).rejects.toMatchObject({ reason: "QUEUE_CLOSED" });
  await expect(stem.queues.delete("mail")).rejects.toMatchObject({ reason: "QUEUE_IN_USE" });
  await start({ tasks: [implement(work, () => undefined)], queues: ["mail"] });
  await Promise.all([first.result(), second.result()]);
  expect(await stem.queues.delete("mail")).toEqual({ cancelled: 0, leased: 0 });
  expect(await Array.fromAsync(stem.queues.list())).toEqual([]);
  expect((await first.status()).state, "what ended can still be read").toBe("succeeded");
});

test("a tenant's namespace is made, filled up, disabled and deleted by its operator", async () => {
  const { stem, url } = await startStem();
  await stem.namespaces.create("acme", { quotas: { backlogTasks: 1 } });
  const tenant = connect({ url, namespace: "acme" });
  onTestFinished(() => tenant.close());
  await tenant.enqueue(work, []);
  await expect(tenant.enqueue(work, [])).rejects.toMatchObject({ reason: "QUOTA_EXCEEDED" });
  expect(await stem.namespaces.get("acme")).toMatchObject({
    state: "active",
    use: { queues: 1, backlogTasks: 1 },
  });
  await stem.namespaces.update("acme", { quotas: {} });
  expect(await stem.namespaces.disable("acme", "unpaid")).toMatchObject({ disableReason: "unpaid" });
  await expect(tenant.enqueue(work, [])).rejects.toMatchObject({ reason: "NAMESPACE_DISABLED" });
  await stem.namespaces.enable("acme");
  await tenant.enqueue(work, []);
  expect(await stem.namespaces.delete("acme", { force: true })).toBe(2);
  const names = async () => (await Array.fromAsync(stem.namespaces.list())).map(({ name }) => name);
  await until(async () => !(await names()).includes("acme"), { deadlineMs: 50_000, what: "it to be gone" });
  await expect(tenant.enqueue(work, [])).rejects.toMatchObject({ reason: "NAMESPACE_UNKNOWN" });
});
