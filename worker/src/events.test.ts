import { expect, test } from "vitest";
import { createRecordingLog } from "../../test/support/recording-log.ts";
import { EventHub } from "./events.ts";

function setUp() {
  const log = createRecordingLog();
  const heard: string[] = [];
  const note = (word: string) => () => void heard.push(word);
  return { log, heard, note, hub: new EventHub(log) };
}

test("the highest priority is called first, and among equals whoever came first", () => {
  const { hub, heard, note } = setUp();
  hub.on("worker-ready", note("a"));
  hub.on("worker-ready", note("b"), { priority: 5 });
  hub.on("worker-ready", note("c"));
  hub.emit("worker-ready", {});
  expect(heard).toEqual(["b", "a", "c"]);
});

test("one that wants only the first hears only the first, and one that has gone hears nothing", () => {
  const { hub, heard, note } = setUp();
  hub.on("worker-stopping", note("once"), { once: true });
  const off = hub.on("worker-stopping", note("always"));
  hub.emit("worker-stopping", { mode: "soft" });
  hub.emit("worker-stopping", { mode: "soft" });
  off();
  hub.emit("worker-stopping", { mode: "soft" });
  expect(heard).toEqual(["once", "always", "always"]);
  expect(hub.hears("worker-stopping")).toBe(false);
});

test("a filter chooses, and what it leaves out does not count as the first", () => {
  const { hub, heard, note } = setUp();
  hub.on("worker-stopping", note("hard"), { once: true, filter: ({ mode }) => mode === "hard" });
  hub.emit("worker-stopping", { mode: "soft" });
  expect(heard).toEqual([]);
  hub.emit("worker-stopping", { mode: "hard" });
  hub.emit("worker-stopping", { mode: "hard" });
  expect(heard).toEqual(["hard"]);
});

test("what a listener or a filter throws, at once or later, is logged, and the others hear all the same", async () => {
  const { hub, heard, note, log } = setUp();
  const broken = (): never => {
    throw new Error("broken");
  };
  hub.on("worker-ready", broken, { once: true });
  hub.on("worker-ready", note("filtered"), { filter: broken });
  hub.on("worker-ready", () => Promise.reject(new Error("later")));
  hub.on("worker-ready", note("heard"));
  hub.emit("worker-ready", {});
  await Promise.resolve();
  expect(heard).toEqual(["heard"]);
  expect(log.lines.map(({ text }) => text)).toEqual([
    "a listener failed",
    "a listener failed",
    "a listener failed",
  ]);
  hub.emit("worker-ready", {});
  await Promise.resolve();
  expect(log.lines).toHaveLength(5);
});

test("it knows whether anybody listens to tasks", () => {
  const { hub, note } = setUp();
  hub.on("worker-ready", note("ready"));
  expect(hub.hearsTasks).toBe(false);
  const off = hub.on("task-prerun", note("task"));
  expect(hub.hearsTasks).toBe(true);
  off();
  expect(hub.hearsTasks).toBe(false);
});
