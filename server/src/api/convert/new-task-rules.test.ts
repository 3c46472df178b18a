import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import fc, { type Arbitrary } from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { newTaskViolations } from "./new-task-rules.ts";
import { violationsOf } from "./violations.ts";

type Init = MessageInitShape<typeof NewTaskSchema>;

/** Mostly what is right, so that one wrong field is not always lost among others. */
const mostly = <T, U>(right: Arbitrary<T>, wrong: Arbitrary<U>): Arbitrary<T | U> =>
  fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: wrong });

/** One of the fields alone, or any of them together: what is well formed alone is often refused together. */
const oneOrMany = (fields: Record<string, Arbitrary<unknown>>): Arbitrary<object> =>
  fc.oneof(...Object.entries(fields).map(([field, value]) => fc.record({ [field]: value })), {
    weight: Object.keys(fields).length,
    arbitrary: fc.record(fields, { requiredKeys: [] }),
  });

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom("", " ", "a b", "é", "a\n", "\u0000", "x".repeat(128), "x".repeat(129), "x".repeat(256)),
);
const name = mostly(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 9 }), anyText);
const queue = mostly(
  fc.constantFrom("default", "mail.eu/fast", "a@b:c_d-e", "__proto__", "_", "x".repeat(255)),
  anyText,
);
const headerKey = mostly(
  fc.constantFrom("a", "x-y.z_1", "constructor", "stemless", "grpcish", "x-forwarded"),
  fc.oneof(
    anyText,
    fc.constantFrom("Upper", "stem-a", "grpc-b", "x-forwarded-for", ":path", "-a", "__proto__"),
  ),
);
const noteValue = fc.constantFrom("", "\0", "x".repeat(1024), "x".repeat(1025), "é".repeat(513));
const headerValue = mostly(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom("a\r", "\n", "x".repeat(4096), "x".repeat(4097), "é".repeat(2049)),
);

const nanos = fc.constantFrom(0, 1, 999_999, 1_000_000, 999_999_999);
const seconds = fc.constantFrom(
  0n,
  1n,
  3599n,
  3600n,
  86_400n,
  315_359_999n,
  315_360_000n,
  315_360_001n,
  315_576_000_000n,
);
const sign = fc.constantFrom(1, 1, 1, -1);
const edgy = fc
  .tuple(sign, seconds, nanos)
  .map(([by, s, n]) => ({ seconds: BigInt(by) * s, nanos: by * n || 0 }));
const wellFormed = mostly(fc.constantFrom({ seconds: 1n, nanos: 0 }, { seconds: 3600n, nanos: 0 }), edgy);
const anyDuration = fc.record({
  seconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  nanos: fc.integer(),
});

const int32 = mostly(
  fc.integer({ min: 1, max: 9 }),
  fc.constantFrom(-1, 0, 10, 1000, 1001, 2 ** 31 - 1, -(2 ** 31)),
);
const bound = mostly(
  fc.constantFrom(0n, 1n, 1_000_000_000n),
  fc.constantFrom(-1n, 1_000_000_001n, 1_000_000_000_000_000n, 1_000_000_000_000_001n),
);
const factor = mostly(
  fc.double({ min: 1, max: 1000, noNaN: true }),
  fc.oneof(fc.double(), fc.constantFrom(1, 1000, 0.5, -0)),
);
const jitter = mostly(fc.constantFrom(0, 1, 2), fc.constantFrom(3, -1));

const taskOf = (duration: Arbitrary<{ seconds: bigint; nanos: number }>): Arbitrary<Init> => {
  const paths = mostly(
    fc.constantFrom([""], ["/0"], ["/0/a~1b", "/~0"], ["/é"]),
    fc.constantFrom([], ["0"], ["/~2"], ["/~"], [`/${"x".repeat(255)}`], Array<string>(17).fill("")),
  );
  const unique = oneOrMany({
    by: fc.oneof(
      mostly(name, fc.constantFrom("sha256:", "sha256:x", "sha256")).map((value) => ({
        case: "key" as const,
        value,
      })),
      paths.map((value) => ({ case: "argPaths" as const, value: { paths: value } })),
      mostly(fc.constant(true), fc.constant(false)).map((value) => ({ case: "none" as const, value })),
    ),
    until: mostly(fc.constantFrom(0, 1, 2), fc.constantFrom(3, -1)),
    uniqueFor: duration,
    states: mostly(
      fc.oneof(
        fc.constantFrom([1, 2], [3, 2, 1], [1, 2, 3, 4]),
        fc.uniqueArray(fc.constantFrom(1, 2, 3, 4, 5, 6, 7)),
      ),
      fc.array(fc.constantFrom(0, 1, 2, 3, 7, 8, -1), { maxLength: 8 }),
    ),
    window: duration,
    onConflict: mostly(fc.constantFrom(0, 1, 2, 3), fc.constantFrom(4, -1)),
    debounce: fc.record({ delay: duration, maxWait: duration }, { requiredKeys: [] }),
  });
  const types = mostly(
    fc.array(fc.constantFrom("HttpError", "http.*", "é", "x".repeat(255)), { maxLength: 3 }),
    fc.constantFrom([""], ["a", "x".repeat(256)], ["é".repeat(128)], new Array<string>(33).fill("a")),
  );
  const delays = mostly(
    fc.array(duration, { maxLength: 2 }),
    fc
      .constantFrom(100, 101)
      .map((count) => Array.from({ length: count }, () => ({ seconds: 1n, nanos: 0 }))),
  );
  const lists = { delays, retryFor: types, neverFor: types };
  const retry = fc.oneof(
    fc.record({ baseDelay: duration, factor, maxDelay: duration, jitter }, { requiredKeys: [] }),
    fc.record({ jitter, ...lists }, { requiredKeys: [] }),
    { weight: 1, arbitrary: fc.record({ factor, ...lists }, { requiredKeys: [] }) },
  );
  const options = oneOrMany({
    unique,
    priority: int32,
    maxAttempts: int32,
    maxDeliveries: int32,
    retry,
    start: duration.map((value) => ({ case: "delay" as const, value })),
    timeLimit: duration,
    softTimeLimit: duration,
    expiry: duration.map((value) => ({ case: "expireAfter" as const, value })),
    startWithin: duration,
    ack: mostly(fc.constantFrom(0, 1, 2), fc.constantFrom(3, -1)),
    ignoreResult: fc.boolean(),
    leaseDuration: duration,
    resultRetention: duration,
    limitKey: mostly(name, fc.constant("")),
    orderingKey: mostly(name, fc.constant("")),
    fairnessKey: mostly(name, fc.constant("")),
    keepNewest: fc.record({ count: bound, bytes: bound }, { requiredKeys: [] }),
  });
  const text = (bytes: number): Arbitrary<string> =>
    mostly(
      fc.constantFrom("", "x".repeat(bytes), "é".repeat(bytes / 2)),
      fc.constantFrom("x".repeat(bytes + 1), "é".repeat(bytes / 2 + 1)),
    );
  return fc
    .record(
      {
        id: name,
        name,
        queue,
        options,
        headers: fc.oneof(
          fc.dictionary(headerKey, headerValue, { maxKeys: 6, noNullPrototype: true }),
          fc
            .constantFrom(64, 65)
            .map((count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, ""]))),
        ),
        tags: fc.oneof(
          mostly(fc.uniqueArray(name, { maxLength: 5 }), fc.array(name, { maxLength: 5 })),
          mostly(fc.constant(16), fc.constant(17)).map((count) =>
            Array.from({ length: count }, (_, i) => `t${i}`),
          ),
        ),
        trace: fc.record({ traceparent: text(128), tracestate: text(512) }),
        signature: fc.record({
          keyId: mostly(text(254), text(256)),
          algorithm: text(64),
          bytes: mostly(fc.constantFrom(0, 1024), fc.constant(1025)).map((length) => new Uint8Array(length)),
        }),
        routingKey: name,
        parentId: name,
        rootId: name,
        metadata: fc.oneof(
          fc.dictionary(headerKey, mostly(fc.constantFrom("a", "\n", "é"), noteValue), {
            ...{ maxKeys: 6, noNullPrototype: true },
          }),
          fc
            .constantFrom(32, 33)
            .map((count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, "x"]))),
        ),
      },
      { requiredKeys: ["name"] },
      // That both are given, the schema cannot refuse.
    )
    .map(({ routingKey, ...rest }) =>
      routingKey === undefined || "queue" in rest ? rest : { ...rest, routingKey },
    ) as Arbitrary<unknown> as Arbitrary<MessageInitShape<typeof NewTaskSchema>>;
};

/** Ours are safe to print; the schema's checker leaves most control characters in a key as they are. */
const escaped = (field: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones it leaves.
  field.replace(/[\x00-\x1f]/g, (character) => JSON.stringify(character).slice(1, -1));

/** The entries of what is too long are not looked at; the schema's checker lists them all. */
const fieldsBySchema = (task: NewTask): Set<string> => {
  const fields = violationsOf(NewTaskSchema, task, "").map(({ field }) => escaped(field));
  return new Set(
    fields.filter(
      (field) =>
        !(field.startsWith("headers[") && fields.includes("headers")) &&
        !(field.startsWith("metadata[") && fields.includes("metadata")) &&
        !(field.startsWith("tags[") && task.tags.length > limits.tagsMax),
    ),
  );
};
const fieldsByHand = (task: NewTask): Set<string> =>
  new Set(newTaskViolations(task, limits).map(({ field }) => field));

describe("compared with protovalidate", () => {
  test("the compiled rules name exactly the fields that the schema's rules name", () => {
    let refused = 0;
    fc.assert(
      fc.property(taskOf(wellFormed), (init) => {
        const task = create(NewTaskSchema, init);
        const expected = fieldsBySchema(task);
        expect(fieldsByHand(task)).toEqual(expected);
        refused += expected.size > 0 ? 1 : 0;
      }),
      { numRuns: 1500 },
    );
    expect(refused).toBeGreaterThan(150);
    expect(refused).toBeLessThan(1350);
  });

  test("whatever the schema's rules refuse, malformed durations included, the compiled ones refuse", () => {
    fc.assert(
      fc.property(taskOf(fc.oneof(wellFormed, anyDuration)), (init) => {
        const task = create(NewTaskSchema, init);
        const byHand = fieldsByHand(task);
        // Which of two lengths is the longer one is not to be said where one of them is malformed.
        for (const field of fieldsBySchema(task))
          if (field !== "options.retry" && field !== "options") expect(byHand).toContain(field);
        if (fieldsBySchema(task).size > 0) expect(byHand.size).toBeGreaterThan(0);
      }),
      { numRuns: 800 },
    );
  });
});

describe("what the schema cannot say", () => {
  const faultOf = (init: Init): Record<string, string> =>
    Object.fromEntries(
      newTaskViolations(create(NewTaskSchema, { name: "n", ...init }), limits).map((violation) => [
        violation.field,
        violation.description,
      ]),
    );

  test("headers have 32 KiB in all", () => {
    const headers = (value: string) =>
      Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`h${i}`, value]));
    expect(faultOf({ headers: headers("x".repeat(4094)) })).toEqual({});
    expect(faultOf({ headers: headers("x".repeat(4095)) })).toEqual({
      headers: "must have at most 32768 bytes in all",
    });
  });

  test("durations and timestamps are well-formed", () => {
    const notBefore = (seconds: bigint, nanosOver: number): Init => ({
      options: { start: { case: "notBeforeTime", value: { seconds, nanos: nanosOver } } },
    });
    expect(faultOf({ options: { resultRetention: { seconds: 1n, nanos: -1 } } })).toEqual({
      "options.result_retention": "must have seconds and nanos of the same sign",
    });
    expect(faultOf(notBefore(-62_135_596_801n, 0))).toHaveProperty(["options.not_before_time"]);
    expect(faultOf(notBefore(253_402_300_799n, 1_000_000_000))).toHaveProperty(["options.not_before_time"]);
    expect(faultOf(notBefore(0n, -1))).toHaveProperty(["options.not_before_time"]);
  });

  test("a routing key does not go with a queue", () => {
    expect(faultOf({ routingKey: "eu.mail" })).toEqual({});
    expect(faultOf({ routingKey: "eu.mail", queue: "mail" })).toEqual({
      routing_key: "must not be given with a queue: the key is there to find one",
    });
  });

  test("a map of hundreds of thousands of headers is one violation, not one for each", () => {
    const headers = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`Bad ${i}`, "\n"]));
    expect(faultOf({ headers })).toEqual({ headers: "must have at most 64 entries" });
  });

  test("a bound that the configuration lowers is obeyed", () => {
    const task = create(NewTaskSchema, { name: "abcd", tags: ["a", "b"], options: { maxAttempts: 5 } });
    const lower = { ...limits, nameCharsMax: 3, tagsMax: 1, attemptsMax: 4 };
    expect(newTaskViolations(task, lower).map(({ field }) => field)).toEqual([
      "name",
      "options.max_attempts",
      "tags",
    ]);
  });
});
