import { create, fromBinary, fromJson, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { Jitter } from "@stem/proto/stem/v1/retry_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TaskSubmission } from "../../broker/broker.ts";
import { contentHashOf } from "../../model/content-hash.ts";
import { instantOf, namespaceOf } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import { isProblem } from "./checked.ts";
import { createNewTaskReader } from "./new-task.ts";

type Init = MessageInitShape<typeof NewTaskSchema>;

const read = createNewTaskReader({ limits, defaults });
const now = instantOf(1_800_000_000_000);
const tenYearsSeconds = 315_360_000n;

const readAs = (init: Init, namespace = "default"): TaskSubmission | Problem =>
  read(create(NewTaskSchema, { name: "mail.send", ...init }), namespaceOf(namespace), now);

function submissionOf(init: Init, namespace?: string): TaskSubmission {
  const answer = readAs(init, namespace);
  if (isProblem(answer)) throw new Error(`refused: ${JSON.stringify(answer)}`);
  return answer;
}

function problemOf(init: Init): Problem {
  const answer = readAs(init);
  if (!isProblem(answer)) throw new Error("accepted");
  return answer;
}

const json = (value: string) => ({ args: { data: { case: "json" as const, value } } });
const binary = (bytes: number): Init => ({
  args: { data: { case: "binary", value: new Uint8Array(bytes) } },
});
const hashOf = (init: Init, namespace = "default"): string =>
  contentHashOf({ namespace: namespaceOf(namespace), ...submissionOf(init, namespace) });

describe("what is asked for", () => {
  test("what is left out stays open", () => {
    expect(submissionOf({})).toMatchObject({
      id: undefined,
      name: "mail.send",
      queue: undefined,
      priority: undefined,
      policy: {},
      start: undefined,
      tags: [],
    });
  });

  test("what is said is handed on", () => {
    const submission = submissionOf({
      id: "t-1",
      queue: "mail",
      tags: ["a", "b"],
      options: {
        priority: 0,
        maxAttempts: 7,
        maxDeliveries: 9,
        leaseDuration: { seconds: 90n },
        resultRetention: { seconds: 0n },
        retry: {
          baseDelay: { nanos: 1 + 1_000_000 },
          factor: 1,
          maxDelay: { seconds: 60n },
          jitter: Jitter.NONE,
        },
      },
    });
    expect(submission).toMatchObject({
      id: "t-1",
      queue: "mail",
      priority: 0,
      tags: ["a", "b"],
      policy: {
        maxAttempts: 7,
        maxDeliveries: 9,
        leaseMs: 90_000,
        retentionMs: 0,
        retry: { baseMs: 2, factor: 1, maxMs: 60_000, jitter: "none" },
      },
    });
  });

  test("a retry policy that says one thing takes the defaults for the others", () => {
    expect(submissionOf({ options: { retry: { factor: 3 } } }).policy.retry).toEqual({
      baseMs: defaults.retryBaseMs,
      factor: 3,
      maxMs: defaults.retryMaxMs,
      jitter: "full",
    });
  });

  test("a first wait longer than the default bound is not cut by it", () => {
    const retry = { baseDelay: { seconds: 3600n } };
    expect(submissionOf({ options: { retry } }).policy.retry).toMatchObject({
      baseMs: 3_600_000,
      maxMs: 3_600_000,
    });
  });

  test("a delay is a floor, to the millisecond above", () => {
    const delayOf = (seconds: bigint, nanos = 0): Init => ({
      options: { start: { case: "delay", value: { seconds, nanos } } },
    });
    expect(submissionOf(delayOf(1n, 1)).start).toEqual({ delayMs: 1001 });
    expect(submissionOf(delayOf(0n)).start, "no delay is something said").toEqual({ delayMs: 0 });
    expect(submissionOf(delayOf(tenYearsSeconds)).start).toEqual({ delayMs: limits.delayMsMax });
    expect(problemOf(delayOf(tenYearsSeconds, 1))).toMatchObject({
      reason: "FIELD_OUT_OF_RANGE",
      violations: [{ field: "options.delay" }],
    });
  });

  test("a time in the past is taken as it is, more than ten years ahead is out of range", () => {
    const at = (seconds: bigint, nanos = 0): Init => ({
      options: { start: { case: "notBeforeTime", value: { seconds: 1_800_000_000n + seconds, nanos } } },
    });
    expect(submissionOf(at(-1n)).start).toEqual({ notBefore: now - 1000 });
    expect(submissionOf(at(5n, 1)).start).toEqual({ notBefore: now + 5001 });
    expect(submissionOf(at(tenYearsSeconds)).start).toEqual({ notBefore: now + limits.delayMsMax });
    expect(problemOf(at(tenYearsSeconds, 1))).toMatchObject({
      reason: "FIELD_OUT_OF_RANGE",
      violations: [{ field: "options.not_before_time" }],
    });
  });
});

describe("arguments", () => {
  test("2 MiB are taken, one byte more is not", () => {
    expect(submissionOf(binary(limits.payloadBytesMax)).content.length).toBeGreaterThan(
      limits.payloadBytesMax,
    );
    const bytes = limits.payloadBytesMax + 1;
    const bytesMax = limits.payloadBytesMax;
    expect(problemOf(binary(bytes))).toEqual({
      reason: "PAYLOAD_TOO_LARGE",
      field: "args.binary",
      bytes,
      bytesMax,
    });
    const text = `"${"é".repeat(limits.payloadBytesMax / 2 - 1)}"`;
    expect(submissionOf(json(text)).content.length).toBeGreaterThan(limits.payloadBytesMax);
    expect(problemOf(json(`${text} `))).toEqual({
      reason: "PAYLOAD_TOO_LARGE",
      field: "args.json",
      bytes,
      bytesMax,
    });
  });

  test.each([
    ["cut short", "[1,"],
    ["not a number", "NaN"],
    ["empty", ""],
    ["65 levels deep", "[".repeat(65)],
    ["two million levels deep", "[".repeat(2_000_000)],
  ])("text that is %s is not the JSON that it has to be", (_, text) => {
    expect(problemOf(json(text))).toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "args.json" }],
    });
  });

  test("half a surrogate pair cannot be kept verbatim", () => {
    expect(problemOf(json('"\ud800"'))).toMatchObject({
      violations: [{ field: "args.json", description: "must be well-formed Unicode" }],
    });
  });

  test.each([
    ["with a key twice", '{"a":1,"a":2}'],
    ["with numbers that JavaScript cannot hold", `[1e400,-0,9007199254740993,${"9".repeat(400)}]`],
    ["with NUL and half a surrogate pair, escaped", '"\\u0000\\ud800"'],
    ["with spaces", " [ 1 ] \n"],
  ])("JSON %s is kept as it is", (_, text) => {
    const { content } = submissionOf(json(text));
    expect(fromBinary(NewTaskSchema, content).args?.data).toEqual({ case: "json", value: text });
  });

  test("a Value is turned into JSON", () => {
    const value = fromJson(ValueSchema, [1, { a: "x" }, null]);
    const { content } = submissionOf({ args: { data: { case: "value", value } } });
    expect(fromBinary(NewTaskSchema, content).args?.data).toEqual({
      case: "json",
      value: '[1,{"a":"x"},null]',
    });
    expect(hashOf({ args: { data: { case: "value", value } } })).toBe(hashOf(json('[1,{"a":"x"},null]')));
  });

  test("a Value that JSON cannot hold is refused", () => {
    const value = create(ValueSchema, { kind: { case: "numberValue", value: Number.NaN } });
    expect(problemOf({ args: { data: { case: "value", value } } })).toMatchObject({
      violations: [{ field: "args.value" }],
    });
  });

  test("no arguments, no data and no bytes are legal", () => {
    for (const init of [{}, { args: {} }, binary(0)]) expect(isProblem(readAs(init))).toBe(false);
  });

  test("what describes the bytes is bounded, too", () => {
    const encoding = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ""]));
    expect(problemOf({ args: { encoding } })).toMatchObject({ violations: [{ field: "args.encoding" }] });
    expect(problemOf({ args: { encoding: { k: "x".repeat(4096) } } })).toMatchObject({
      violations: [{ field: 'args.encoding["k"]' }],
    });
    expect(problemOf({ args: { contentType: "x".repeat(256) } })).toMatchObject({
      violations: [{ field: "args.content_type" }],
    });
  });
});

describe("content", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  const key = fc.constantFrom("a", "b", "c-d", "constructor", "z".repeat(128));
  const sorted = (map: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
  const map = fc.dictionary(key, text, { maxKeys: 5, noNullPrototype: true }).map(sorted);
  const note = fc.constantFrom("x", "é\n", "y".repeat(1024));
  const duration = fc.record({
    seconds: fc.bigInt({ min: 1n, max: 3600n }),
    nanos: fc.constantFrom(0, 1, 999_999_999),
  });
  const task = fc
    .record(
      {
        id: fc.constantFrom("t-1", "t-2"),
        name: fc.constantFrom("n", "x".repeat(255)),
        queue: fc.constantFrom("q", "y".repeat(255)),
        args: fc.record({
          data: fc.oneof(
            fc.json().map((value) => ({ case: "json" as const, value })),
            fc.uint8Array({ maxLength: 300 }).map((value) => ({ case: "binary" as const, value })),
            fc.constant({ case: undefined }),
          ),
          contentType: text,
          encoding: map,
        }),
        options: fc.record(
          {
            priority: fc.integer({ min: 0, max: 9 }),
            maxAttempts: fc.integer({ min: 1, max: 1000 }),
            maxDeliveries: fc.integer({ min: 1, max: 1000 }),
            retry: fc.record(
              {
                baseDelay: fc.constant({ seconds: 1n, nanos: 0 }),
                factor: fc.double({ min: 1, max: 1000, noNaN: true }),
                maxDelay: duration,
                jitter: fc.constantFrom(0, 1, 2),
              },
              { requiredKeys: [] },
            ),
            start: fc.oneof(
              duration.map((value) => ({ case: "delay" as const, value })),
              duration.map((value) => ({ case: "notBeforeTime" as const, value })),
            ),
            timeLimit: duration,
            leaseDuration: fc.constant({ seconds: 3600n, nanos: 0 }),
            resultRetention: duration,
            keepNewest: fc.record(
              { count: fc.constantFrom(0n, 7n), bytes: fc.constantFrom(0n, 10n ** 15n) },
              { requiredKeys: [] },
            ),
          },
          { requiredKeys: [] },
        ),
        headers: map,
        tags: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 3 }),
        trace: fc.record({
          traceparent: fc.constantFrom("", "00-ab"),
          tracestate: fc.constantFrom("", "k=v"),
        }),
        signature: fc.record({
          keyId: text,
          algorithm: fc.constantFrom("", "ed25519"),
          bytes: fc.uint8Array(),
        }),
        routingKey: fc.constantFrom("eu.mail", "z".repeat(255)),
        metadata: fc.dictionary(key, note, { maxKeys: 5, noNullPrototype: true }).map(sorted),
      },
      { requiredKeys: ["name"] },
    )
    .map(({ queue, ...rest }) => ({
      ...rest,
      ...(queue !== undefined && rest.routingKey === undefined && { queue }),
    }));

  test("is what the generated codec writes of the task without its id", () => {
    fc.assert(
      fc.property(task, ({ id, ...rest }) => {
        const expected = toBinary(NewTaskSchema, create(NewTaskSchema, rest as Init));
        const { content } = submissionOf({ ...(id !== undefined && { id }), ...rest } as Init);
        expect(Buffer.from(content).equals(expected)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("has no unknown fields", () => {
    const unknown = [{ no: 99, wireType: 2, data: new Uint8Array([1, 65]) }] as const;
    const task = create(NewTaskSchema, {
      name: "n",
      args: { data: { case: "json" as const, value: "1" } },
      options: { priority: 1 },
    });
    const plain = read(task, namespaceOf("default"), now);
    for (const message of [task, task.args, task.options]) if (message) message.$unknown = [...unknown];
    expect(read(task, namespaceOf("default"), now)).toEqual(plain);
  });

  test("stays as it is when other tasks are read", () => {
    const task = { ...json("[1]"), headers: { a: "b" } };
    const { content } = submissionOf(task);
    const before = Buffer.from(content).toString("hex");
    for (let i = 0; i < 5000; i += 1) submissionOf({ ...json("[2]"), headers: { c: "d" } });
    expect(Buffer.from(content).toString("hex")).toBe(before);
  });
});

describe("the hash of what makes two submissions the same", () => {
  const base = {
    ...json("[1]"),
    queue: "mail",
    options: { priority: 3, start: { case: "delay" as const, value: { seconds: 60n } } },
    headers: { a: "1", b: "2" },
  };

  test("does not change with what is no part of a task", () => {
    const same: Init[] = [
      { ...base, id: "other" },
      { ...base, headers: { b: "2", a: "1" } },
      { ...base, headers: { a: "1", b: "2", traceparent: "00-1", tracestate: "x", baggage: "y" } },
      { ...base, trace: { traceparent: "00-2", tracestate: "" } },
      { ...base, tags: ["x"] },
      { ...base, metadata: { ticket: "A-1" } },
    ];
    for (const init of same) expect(hashOf(init)).toBe(hashOf(base));
  });

  test("changes with anything else", () => {
    const data = { case: "binary", value: new Uint8Array([91, 49, 93]) } as const;
    const others: Init[] = [
      { ...base, name: "mail.sent" },
      { ...base, queue: "mails" },
      { ...base, queue: undefined } as Init,
      { ...base, ...json("[1] ") },
      { ...base, args: { data } },
      { ...base, args: { data, contentType: "text/plain" } },
      { ...base, args: { data, encoding: { codec: "x" } } },
      { ...base, options: { priority: 3 } },
      { ...base, options: { priority: 3, start: { case: "delay", value: { seconds: 61n } } } },
      { ...base, headers: { a: "1" } },
      { ...json("[1]"), options: base.options, headers: base.headers, routingKey: "mail" },
      { ...json("[1]"), options: base.options, headers: {}, routingKey: "mail" },
      { ...base, headers: { a: "12", b: "" } },
    ];
    const hashes = [base, ...others].map((init) => hashOf(init));
    expect(new Set([...hashes, hashOf(base, "other")]).size).toBe(hashes.length + 1);
  });

  test("is 32 bytes, as text", () => {
    expect(Buffer.from(hashOf(base), "base64url")).toHaveLength(32);
  });

  test("is left to be made from the content where the content is nothing else", () => {
    const { headers: _, ...bare } = base;
    expect(submissionOf(bare).contentHash).toBeUndefined();
    for (const more of [{ tags: ["x"] }, { trace: { traceparent: "00-1" } }]) {
      expect(submissionOf({ ...bare, ...more }).contentHash).toBe(hashOf(bare));
    }
  });
});
