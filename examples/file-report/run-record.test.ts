import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRunRecord, taskIdOf } from "./run-record.ts";

let data = "";
beforeEach(() => {
  data = mkdtempSync(path.join(os.tmpdir(), "stem-runs-"));
});
afterEach(() => rmSync(data, { recursive: true }));

test("an unfinished run is gone on with, a finished one is not", () => {
  const record = createRunRecord(data, "/a");
  const first = record.begin(1000);
  expect(first.resumed).toBe(false);
  // A new process knows only the file.
  expect(createRunRecord(data, "/a").begin(2000)).toEqual({ run: first.run, resumed: true });
  record.finish(first.run);
  const second = record.begin(3000);
  expect([second.resumed, second.run.id === first.run.id]).toEqual([false, false]);
});

test("each folder has its own run", () => {
  const a = createRunRecord(data, "/a").begin(0);
  expect(createRunRecord(data, "/b").begin(0).resumed).toBe(false);
  expect(createRunRecord(data, "/a").begin(0).run).toEqual(a.run);
});

test("a run that the server may have forgotten is not gone on with", () => {
  const record = createRunRecord(data, "/a");
  record.begin(0);
  expect(record.begin(13 * 3_600_000).resumed).toBe(false);
});

test("a broken record is the same as none", () => {
  const record = createRunRecord(data, "/a");
  record.begin(0);
  const [name = ""] = readdirSync(path.join(data, "file-report"));
  writeFileSync(path.join(data, "file-report", name), "{");
  expect(record.begin(0).resumed).toBe(false);
});

test("a task's id depends on its run and on every part", () => {
  const run = { id: "r", startedAt: 0, finished: false };
  const ids = [
    taskIdOf(run, "a", "b"),
    taskIdOf(run, "ab"),
    taskIdOf(run, "b", "a"),
    taskIdOf({ ...run, id: "s" }, "a", "b"),
  ];
  expect(new Set(ids).size).toBe(4);
  expect(taskIdOf(run, "a", "b")).toBe(ids[0]);
});
