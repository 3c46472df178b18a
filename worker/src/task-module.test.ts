import { defineTask } from "@stem/sdk";
import { expect, test } from "vitest";
import { createRegistry, implement } from "./registry.ts";
import { implementationsOf, queuesOf, taskModule } from "./task-module.ts";
import { settingsOf } from "./worker-options.ts";

const add = implement(defineTask<[number, number], number>({ name: "add" }), (_ctx, a, b) => a + b);
const send = implement(defineTask({ name: "mail.send", options: { queue: "mail" } }), () => undefined);
const bounce = implement(defineTask({ name: "mail.bounce", options: { queue: "mail" } }), () => undefined);

test("modules hold tasks and modules, and a task may come in by several", () => {
  const mail = taskModule("mail", [send, bounce]);
  const all = implementationsOf([taskModule("all", [mail, add]), mail, add]);
  expect(all).toEqual([send, bounce, add]);
  expect([...createRegistry(all).keys()]).toEqual(["mail.send", "mail.bounce", "add"]);
});

test("two handlers of one name are refused, wherever they come from", () => {
  const other = implement(defineTask({ name: "mail.send" }), () => undefined);
  expect(() => createRegistry(implementationsOf([taskModule("mail", [send]), other]))).toThrow(
    "two handlers for mail.send",
  );
});

test("a worker that names no queues serves those of its tasks", () => {
  expect(queuesOf([send, bounce, add])).toEqual(["mail", "default"]);
  expect(settingsOf({ tasks: [taskModule("mail", [send])] }).queues).toEqual([{ name: "mail" }]);
  expect(settingsOf({ tasks: [send], queues: ["own"] }).queues).toEqual([{ name: "own" }]);
});
