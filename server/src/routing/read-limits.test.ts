import { describe, expect, test } from "vitest";
import { queueNameOf } from "../model/ids.ts";
import { defaults, limits } from "../model/limits.ts";
import { readRules } from "./read-rules.ts";

const read = (text: string, bounds: Partial<typeof limits> = {}) =>
  readRules(text, { limits: { ...limits, ...bounds }, defaults });

/** The limits of queue `mail`. */
function limitsOf(said: string) {
  const found = read(`queues:\n  mail:\n    limits: ${said}\n`);
  if (found.kind === "wrong") throw new Error(JSON.stringify(found.mistakes));
  return found.rules.queues.get(queueNameOf("mail"))?.limits;
}

/** Each mistake as `line:column key: text`. */
function mistakesOf(text: string, bounds: Partial<typeof limits> = {}): readonly string[] {
  const found = read(text, bounds);
  if (found.kind === "rules") return [];
  return found.mistakes.map(({ line, column, key, text: said }) => `${line}:${column} ${key}: ${said}`);
}

test.each<[string, object | undefined]>([
  ["{ concurrency: 5 }", { concurrency: 5, rate: undefined }],
  ["{ concurrency: 0 }", { concurrency: 0, rate: undefined }],
  [
    "{ rate: { count: 100, period_ms: 60000, burst: 10 } }",
    { rate: { count: 100, periodMs: 60_000, burst: 10 } },
  ],
  ["{ rate: { count: 0, periodMs: 1 } }", { rate: { count: 0, periodMs: 1, burst: 1 } }],
  ["{ rate: { count: 1000, period_ms: 1000 } }", { rate: { count: 1000, periodMs: 1000, burst: 100 } }],
  [
    "{ concurrency: 1000000, rate: { count: 1000000, period_ms: 86400000, burst: 1000000 } }",
    { concurrency: 1_000_000, rate: { count: 1_000_000, periodMs: 86_400_000, burst: 1_000_000 } },
  ],
  ["", undefined],
])("limits: %s", (said, wanted) => {
  if (wanted === undefined) expect(limitsOf(said)).toBeUndefined();
  else expect(limitsOf(said)).toMatchObject(wanted);
});

describe("what is wrong with limits is said, with its place", () => {
  const whole = (max: number, min = 0) => `must be a whole number from ${min} to ${max}`;
  test.each<[string, readonly string[]]>([
    ["{}", ["3:13 queues.mail.limits: must have concurrency or rate"]],
    ["{ concurrency: }", ["3:13 queues.mail.limits: must have concurrency or rate"]],
    ["5", ["3:13 queues.mail.limits: must be a map of names to values"]],
    ["{ concurrency: -1 }", [`3:28 queues.mail.limits.concurrency: ${whole(1_000_000)}`]],
    ["{ concurrency: 1.5 }", [`3:28 queues.mail.limits.concurrency: ${whole(1_000_000)}`]],
    ['{ concurrency: "5" }', [`3:28 queues.mail.limits.concurrency: ${whole(1_000_000)}`]],
    ["{ concurrency: 1000001 }", [`3:28 queues.mail.limits.concurrency: ${whole(1_000_000)}`]],
    ["{ rate: 100/m }", ["3:21 queues.mail.limits.rate: must be a map of names to values"]],
    [
      "{ rate: {} }",
      [
        "3:21 queues.mail.limits.rate: must have a count",
        "3:21 queues.mail.limits.rate: must have a period_ms",
      ],
    ],
    ["{ rate: { count: 1 } }", ["3:21 queues.mail.limits.rate: must have a period_ms"]],
    ["{ rate: { period_ms: 1 } }", ["3:21 queues.mail.limits.rate: must have a count"]],
    ["{ rate: { count: -1, period_ms: 1 } }", [`3:30 queues.mail.limits.rate.count: ${whole(1_000_000)}`]],
    [
      "{ rate: { count: 1, period_ms: 0 } }",
      [`3:44 queues.mail.limits.rate.period_ms: ${whole(86_400_000, 1)}`],
    ],
    [
      "{ rate: { count: 1, periodMs: 86400001 } }",
      [`3:43 queues.mail.limits.rate.periodMs: ${whole(86_400_000, 1)}`],
    ],
    [
      "{ rate: { count: 1, period_ms: 1, burst: 0 } }",
      [`3:54 queues.mail.limits.rate.burst: ${whole(1_000_000, 1)}`],
    ],
    [
      "{ concurency: 5, rate: { count: 1, period: 60s } }",
      [
        '3:15 queues.mail.limits.concurency: there is no such key; did you mean "concurrency"?',
        "3:36 queues.mail.limits.rate: must have a period_ms",
        "3:48 queues.mail.limits.rate.period: there is no such key",
      ],
    ],
  ])("limits: %s", (said, mistakes) => {
    expect(mistakesOf(`queues:\n  mail:\n    limits: ${said}\n`)).toEqual(mistakes);
  });

  test("more limits than a namespace may have, at the first that is too many", () => {
    const text =
      "queues:\n  a: { limits: { concurrency: 1 } }\n  b:\n  c: { limits: { concurrency: 1 } }\n  d: { limits: { concurrency: 1 } }";
    expect(mistakesOf(text, { gateLimitsPerNamespaceMax: 2 as never })).toEqual([
      "5:3 queues.d: there are more than 2 limits (gateLimitsPerNamespaceMax)",
    ]);
    expect(mistakesOf(text, { gateLimitsPerNamespaceMax: 3 as never })).toEqual([]);
  });
});
