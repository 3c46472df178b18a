import { childLogger } from "@stem/sdk/internal";
import { expect, test } from "vitest";
import { createStderrLog } from "./stderr-log.ts";

test("warnings and errors are one line each, with their facts; the rest is not said", () => {
  const written: string[] = [];
  const log = createStderrLog((line) => written.push(line));
  log.debug({}, "a");
  log.info({}, "b");
  log.warn({ url: "http://h:1", delayMs: 20 }, "c");
  log.error({}, "d");
  expect(written).toEqual([
    "stem worker warning: c { url: 'http://h:1', delayMs: 20 }\n",
    "stem worker error: d\n",
  ]);
});

test("a handler's log adds its task, and an error keeps its stack", () => {
  const written: string[] = [];
  const log = childLogger(
    createStderrLog((line) => written.push(line)),
    { taskId: "t1" },
  );
  log.error({ err: new Error("no") }, "failed");
  expect(written.join("")).toMatch(
    /^stem worker error: failed \{\n? *taskId: 't1',\n? *err: Error: no\n +at /,
  );
});
