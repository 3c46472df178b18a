import { defineTask, withEnqueueDefaults } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../support/whole-stem.ts";

const mail = defineTask<[], Record<string, string>>({
  name: "mail.send",
  options: { metadata: { team: "growth", deploy: "41" } },
});

test("metadata is shown with a task and to its handler: the call's over its scope's over the definition's", async () => {
  const { stem, work } = await startStem();
  await work({ tasks: [implement(mail, (ctx) => ({ ...ctx.metadata }))] });
  const handle = await withEnqueueDefaults({ metadata: { deploy: "42", region: "eu" } }, () =>
    stem.enqueue(mail, [], { metadata: { region: "us" } }),
  );
  const expected = { team: "growth", deploy: "42", region: "us" };
  expect(await handle.result({ timeoutMs: 8000 })).toEqual(expected);
  expect((await handle.status()).metadata).toEqual(expected);
});

test("an operator adds, changes and removes notes of a task that waits, and its handler has them", async () => {
  const { stem, work } = await startStem();
  const handle = await stem.enqueue(mail, [], { id: "m", delayMs: 3_600_000, headers: { a: "1" } });
  const metadata = { deploy: "43", ticket: "A-1", team: "" };
  expect(await stem.tasks.update("m", { metadata }, { expectedRevision: 1 })).toMatchObject({
    ...{ metadata: { deploy: "43", ticket: "A-1" }, headers: { a: "1" }, state: "scheduled", revision: 2 },
  });
  await work({ tasks: [implement(mail, (ctx) => ({ ...ctx.metadata }))] });
  await stem.tasks.runNow("m");
  expect(await handle.result({ timeoutMs: 8000 })).toEqual({ deploy: "43", ticket: "A-1" });
});

test("a repeat with other notes is the same task, also after these were changed", async () => {
  const { stem } = await startStem();
  await stem.enqueue(mail, [], { id: "m", metadata: { ticket: "A-1" } });
  await stem.enqueue(mail, [], { id: "m", metadata: { ticket: "A-2" } });
  await stem.tasks.update("m", { metadata: { ticket: "A-3" } });
  const handle = await stem.enqueue(mail, [], { id: "m" });
  expect((await handle.status()).metadata).toMatchObject({ ticket: "A-3" });
});
