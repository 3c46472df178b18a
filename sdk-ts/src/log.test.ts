import { pino } from "pino";
import { expect, expectTypeOf, test } from "vitest";
import { createRecordingLog } from "../../test/support/recording-log.ts";
import { childLogger, type Logger } from "./log.ts";

test("a child adds its facts to each line, also where the user's logger has no children", () => {
  const log = createRecordingLog();
  const child = childLogger(childLogger(log, { worker: "w1" }), { taskId: "t1" });
  child.debug({}, "a");
  child.info({ bytes: 3 }, "b");
  child.warn({ taskId: "other" }, "c");
  child.error({}, "d");
  expect(log.lines).toEqual([
    { level: "debug", facts: { worker: "w1", taskId: "t1" }, text: "a" },
    { level: "info", facts: { worker: "w1", taskId: "t1", bytes: 3 }, text: "b" },
    { level: "warn", facts: { worker: "w1", taskId: "other" }, text: "c" },
    { level: "error", facts: { worker: "w1", taskId: "t1" }, text: "d" },
  ]);
});

test("a pino logger is a logger, and makes its own children", () => {
  const lines: string[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  expectTypeOf(log).toExtend<Logger>();
  childLogger(log, { taskId: "t1" }).info({ bytes: 3 }, "done");
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ level: 30, taskId: "t1", bytes: 3, msg: "done" }]);
});
