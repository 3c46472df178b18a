import { ScheduleOverlap } from "@stem/proto/stem/v1/schedule_pb";
import { describe, expect, test } from "vitest";
import { type Limits, limits } from "../../model/limits.ts";
import { type FieldViolation, type Problem, StemProblem } from "../../model/problem.ts";
import { readScheduleDocument } from "./schedule-document.ts";

function problemOf(text: string, bounds: Partial<Limits> = {}): Problem {
  try {
    readScheduleDocument(text, { ...limits, ...bounds });
  } catch (error) {
    if (error instanceof StemProblem) return error.problem;
    throw error;
  }
  throw new Error("the text was read");
}

/** Every fault of a text. */
function faultsOf(text: string): readonly string[] {
  const problem = problemOf(text);
  if (problem.reason !== "FIELD_INVALID") throw new Error(problem.reason);
  expect(new Set(problem.violations.map(({ field }) => field))).toEqual(new Set(["document"]));
  return problem.violations.map(({ description }) => description);
}

const yaml = `
# Two of them.
schedules:
  nightly:
    spec:
      cron: { expression: 0 3 * * *, timeZone: Europe/Paris }
      start_time: 2030-01-01T00:00:00Z
    task:
      name: report.send
      args: { value: [1, { a: ~ }] }
      headers:
        x.y: "1"
    catchUp: { all: { max: 3, horizon: 86400s } }
    overlap: SCHEDULE_OVERLAP_SKIP
    jitter: 90s
  reports/weekly: { spec: { interval: { every: 604800s } }, canvas: { root: { task: { name: a } } } }
`;

test("settings are read as JSON of protobuf writes them, in either spelling", () => {
  const { named } = readScheduleDocument(yaml, limits);
  expect(named.map(({ id }) => id)).toEqual(["nightly", "reports/weekly"]);
  expect(named[0]?.settings).toMatchObject({
    spec: {
      spec: { case: "cron", value: { expression: "0 3 * * *", timeZone: "Europe/Paris" } },
      startTime: { seconds: BigInt(Date.UTC(2030, 0, 1) / 1000) },
    },
    target: { case: "task", value: { name: "report.send", headers: { "x.y": "1" } } },
    catchUp: { rule: { case: "all", value: { max: 3, horizon: { seconds: 86_400n } } } },
    ...{ overlap: ScheduleOverlap.SKIP, jitter: { seconds: 90n } },
  });
  expect(named[1]?.settings?.target.case).toBe("canvas");
});

test("JSON is the same format", () => {
  const json = JSON.stringify({
    schedules: { a: { spec: { cron: { expression: "@daily" } }, task: { name: "a" } } },
  });
  const text = "schedules:\n  a:\n    spec: { cron: { expression: '@daily' } }\n    task: { name: a }\n";
  expect(readScheduleDocument(json, limits).named).toEqual(readScheduleDocument(text, limits).named);
  expect(readScheduleDocument("schedules: {}", limits).named).toEqual([]);
});

describe("what is wrong is told with its line and key", () => {
  const one = (lines: string) => `schedules:\n  a:\n    task: { name: a }\n${lines}`;
  const daily = "    spec: { cron: { expression: '@daily' } }\n";
  const missing = "line 1: must have schedules: and, below it, ids with settings, or {} for none";
  test.each([
    ["nothing", "", [missing]],
    ["nothing behind schedules", "schedules:\n", [missing]],
    ["no map", "[]", ["line 1: must be a map of names to values"]],
    [
      "a key that there is not",
      "schedule: {}",
      ['line 1: schedule: there is no such key; did you mean "schedules"?'],
    ],
    ["a list of schedules", "schedules:\n  - a\n", ["line 2: schedules: must be a map of names to values"]],
    ["no YAML", "schedules: [", [expect.stringMatching(/^line 1: Flow sequence/)]],
    [
      "an id that is none",
      "schedules:\n  a b: {}\n",
      expect.arrayContaining([expect.stringMatching(/^line 2: schedules\.a b: an id must be 1 to 128/)]),
    ],
    [
      "an id that is there twice",
      `schedules:\n  a: &x {spec: {cron: {expression: "@daily"}}, task: {name: a}}\n  a: {spec: {cron: {expression: "@daily"}}, task: {name: a}}\n`,
      ["line 3: schedules.a: is there twice"],
    ],
    [
      "a field that is there twice",
      one(`${daily}    jitter: 1s\n    jitter: 2s\n`),
      ["line 6: schedules.a.jitter: is there twice"],
    ],
    [
      "a field in both spellings",
      one(`${daily}    catch_up: { newest: true }\n    catchUp: { newest: true }\n`),
      [expect.stringMatching(/^line 2: schedules\.a: cannot be read: .*set multiple times/)],
    ],
    [
      "an alias",
      one(`${daily}    description: &d x\n  b: *d\n`),
      expect.arrayContaining(["line 6: schedules.b: YAML aliases are not taken: write it out"]),
    ],
    ["a tag", one(`${daily}    description: !env X\n`), ["line 5: Unresolved tag: !env"]],
    [
      "a field that there is not",
      one(`${daily}    jiter: 1s\n`),
      ['line 5: schedules.a.jiter: there is no such field; did you mean "jitter"?'],
    ],
    [
      "a field within",
      one("    spec:\n      cron:\n        expresion: '@daily'\n"),
      ['line 6: schedules.a.spec.cron.expresion: there is no such field; did you mean "expression"?'],
    ],
    [
      "a duration that is none",
      one(`${daily}    jitter: 90 seconds\n`),
      [expect.stringMatching(/^line 5: schedules\.a\.jitter: must be a duration such as "1\.5s"/)],
    ],
    [
      "a word that an enum does not have",
      one(`${daily}    overlap: SKIP\n`),
      [expect.stringMatching(/^line 5: schedules\.a\.overlap: cannot be read/)],
    ],
    [
      "a text where a number is",
      one(`${daily}    maxRuns: many\n`),
      [expect.stringMatching(/^line 5: schedules\.a\.max_runs: cannot be read/)],
    ],
    [
      "a value out of its range",
      one(`${daily}    priority: 10\n`),
      [expect.stringMatching(/^line 5: schedules\.a\.priority: /)],
    ],
    [
      "two of one kind",
      one(`${daily}    canvas: { root: { task: { name: a } } }\n`),
      [expect.stringMatching(/^line 2: schedules\.a: cannot be read: .*oneof/)],
    ],
    [
      "no spec",
      "schedules:\n\n  a:\n    task: { name: a }\n",
      [expect.stringMatching(/^line 3: schedules\.a\.spec: /)],
    ],
    ["no settings", "schedules:\n  a:\n", [expect.stringMatching(/^line 2: schedules\.a: /)]],
    [
      "an item of a list",
      one(
        `    spec:\n      interval: { every: 60s }\n  b:\n    spec: { calendar: { hours: [1] } }\n    canvas:\n      tags:\n        - good\n        - "not good"\n      root: { task: { name: a } }\n`,
      ),
      [expect.stringMatching(/^line 11: schedules\.b\.canvas\.tags\[1\]: /)],
    ],
    [
      "a header",
      one(
        `${daily}  b:\n    spec: { cron: { expression: '@daily' } }\n    task:\n      name: a\n      headers:\n        good: "1"\n        b.d: 2\n`,
      ),
      ['line 11: schedules.b.task.headers["b.d"]: cannot be read: expected string, got 2'].map(() =>
        expect.stringMatching(/^line 11: schedules\.b\.task\.headers\["b\.d"\]: cannot be read/),
      ),
    ],
  ])("%s", (_, text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  test("all of them are told, by their lines", () => {
    const faults = faultsOf("schedules:\n  b: { jitter: 1 }\n  a:\n    task: 7\n    spec: 8\n");
    expect(faults.map((fault) => fault.split(": ", 2).join(" "))).toEqual([
      "line 2 schedules.b.jitter",
      "line 4 schedules.a.task",
      "line 5 schedules.a.spec",
    ]);
  });
});

test("what others find wrong later has its place in the text", () => {
  const { place } = readScheduleDocument(yaml, limits);
  const found = (field: string): Problem => ({
    reason: "FIELD_INVALID",
    violations: [{ field, description: "is wrong" } satisfies FieldViolation],
  });
  const placed = (at: number, field: string) => {
    const problem = place(at, found(field));
    return "violations" in problem ? problem.violations[0] : undefined;
  };
  const text = "line 6: schedules.nightly.spec.cron.expression: is wrong";
  expect(placed(0, "spec.cron.expression")).toEqual({ field: "document", description: text });
  expect(placed(0, "spec.start_time")?.description).toMatch(/^line 7: /);
  expect(placed(0, 'task.headers["x.y"]')?.description).toMatch(/^line 12: /);
  expect(placed(0, "catch_up.all.max")?.description).toMatch(/^line 13: /);
  expect(placed(0, "priority")?.description).toMatch(/^line 4: /);
  expect(placed(1, "canvas.root")?.description).toMatch(
    /^line 16: schedules\.reports\/weekly\.canvas\.root: /,
  );
  const large = { reason: "PAYLOAD_TOO_LARGE", field: "task.args", bytes: 2, bytesMax: 1 } as const;
  expect(place(0, large)).toEqual({ ...large, field: "document: line 10: schedules.nightly.task.args" });
  expect(place(0, { reason: "DRAINING" })).toEqual({ reason: "DRAINING" });
});

test("a text that is too large, and too many schedules, are refused before they are looked at", () => {
  expect(problemOf(`# ${"é".repeat(100)}`, { scheduleDocumentBytesMax: 201 })).toEqual({
    ...{ reason: "PAYLOAD_TOO_LARGE", field: "document", bytes: 202, bytesMax: 201 },
  });
  expect(problemOf("schedules: { a: 1, b: 2, c: 3 }", { schedulesAppliedMax: 2 })).toEqual({
    ...{ reason: "BATCH_TOO_LARGE", field: "document", items: 3, itemsMax: 2 },
  });
});
