import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type TaskOptions, TaskOptionsSchema } from "@stem/proto/stem/v1/task_pb";
import { describe, expect, test } from "vitest";
import { abuseServer, ways } from "./abused-server.ts";
import { jsonCall } from "./json-call.ts";
import { invalid, orError, outOfRange } from "./refusal.ts";

type Options = MessageInitShape<typeof TaskOptionsSchema>;
type Duration = MessageInitShape<typeof DurationSchema>;
type Timestamp = MessageInitShape<typeof TimestampSchema>;

const server = abuseServer();

/** Sends options as a message, and inside a batch, and expects both refused with the field's path. */
async function refusesOptions(way: string, field: string, options: readonly Options[]): Promise<void> {
  const { tasks } = server.caller(way);
  await server.refuses(invalid(`options.${field}`), options, (each) =>
    tasks.enqueueTask({ name: "a", options: each }),
  );
  await server.refuses(invalid(`tasks[1].options.${field}`), options, (each) =>
    orError(tasks.enqueueTasks({ tasks: [{ name: "" }, { name: "a", options: each }] }), ({ verdicts }) =>
      verdicts.slice(1).map(({ error }) => error),
    ),
  );
}

/** Sends options as JSON that no client writes. */
const refusesOptionsJson = (field: string, options: readonly string[]): Promise<void> =>
  server.refuses(invalid(`options.${field}`), options, (text) =>
    jsonCall(server.wire.url, "TaskService/EnqueueTask", `{"name":"a","options":${text}}`),
  );

/** 2^31 in an int32 field, as a careless encoder writes it. */
function beyondInt32(field: number): TaskOptions {
  const data = new BinaryWriter().uint32(2 ** 31).finish();
  return Object.assign(create(TaskOptionsSchema), {
    $unknown: [{ no: field, wireType: WireType.Varint, data }],
  });
}

const tenYears = 315_360_000n;
/** Every Duration that a task may have, as options of it. */
const durations: Readonly<Record<string, (value: Duration) => Options>> = {
  delay: (value) => ({ start: { case: "delay", value } }),
  time_limit: (timeLimit) => ({ timeLimit }),
  lease_duration: (leaseDuration) => ({ leaseDuration }),
  result_retention: (resultRetention) => ({ resultRetention }),
  "retry.base_delay": (baseDelay) => ({ retry: { baseDelay } }),
  "retry.max_delay": (maxDelay) => ({ retry: { maxDelay } }),
};
/** What a Duration may not be, and JSON's writers refuse to write. */
const malformedDurations: readonly Duration[] = [
  { nanos: 1_000_000_000 },
  { nanos: -1_000_000_000 },
  { seconds: 1n, nanos: -1 },
  { seconds: -1n, nanos: 1 },
  { seconds: 315_576_000_001n },
  { seconds: 2n ** 63n - 1n },
];
const malformedTimestamps: readonly Timestamp[] = [
  { seconds: -62_135_596_801n },
  { seconds: -(2n ** 63n) },
  { seconds: 253_402_300_799n, nanos: 1_000_000_000 },
  { seconds: 253_402_300_800n },
  { nanos: -1 },
];

describe.each(ways)("over %s", (way) => {
  test("D101 max_attempts of 0, -1 and 1,001 are refused", async () => {
    const wrong = [0, -1, 1001];
    await refusesOptions(
      way,
      "max_attempts",
      wrong.map((maxAttempts) => ({ maxAttempts })),
    );
    await refusesOptions(
      way,
      "max_deliveries",
      wrong.map((maxDeliveries) => ({ maxDeliveries })),
    );
    const options = { maxAttempts: 1000, maxDeliveries: 1 };
    expect(await server.caller(way).tasks.enqueueTask({ name: "a", options })).toHaveProperty("taskId");
  });

  test("D103 a factor that is no finite number from 1 to 1,000 is refused", async () => {
    const factors = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, 0, -1];
    await refusesOptions(
      way,
      "retry.factor",
      factors.map((factor) => ({ retry: { factor } })),
    );
  });

  test("D106 a time limit beyond 24 hours, or below a millisecond, is refused", async () => {
    const limits = [{ seconds: 86_400n, nanos: 1 }, { seconds: 86_401n }, { nanos: 999_999 }, {}];
    await refusesOptions(
      way,
      "time_limit",
      limits.map((timeLimit) => ({ timeLimit })),
    );
    const leases = [{ nanos: 999_999_999 }, { seconds: 3600n, nanos: 1 }, {}];
    await refusesOptions(
      way,
      "lease_duration",
      leases.map((leaseDuration) => ({ leaseDuration })),
    );
    const soft = { softTimeLimit: { seconds: 2n }, timeLimit: { seconds: 1n, nanos: 999_999_999 } };
    await server.refuses(invalid("options"), [soft], (options) =>
      server.caller(way).tasks.enqueueTask({ name: "a", options }),
    );
  });

  test("D110 a start that only comes when it is too late is refused, and what is too late already expires", async () => {
    const { tasks } = server.caller(way);
    const at = (seconds: number): Timestamp => ({ seconds: BigInt(seconds) });
    const late: Options[] = [
      {
        start: { case: "delay", value: { seconds: 60n } },
        expiry: { case: "expireAfter", value: { seconds: 60n } },
      },
      {
        start: { case: "notBeforeTime", value: at(2_000_000_000) },
        expiry: { case: "expireTime", value: at(1_999_999_999) },
      },
    ];
    await server.refuses(invalid("options"), late, (options) => tasks.enqueueTask({ name: "a", options }));
    const past: Options = { expiry: { case: "expireTime", value: at(1) } };
    // Not refused: a repeat of a call that was stored in time would be told that it was not.
    expect(await tasks.enqueueTask({ name: "a", options: past })).toHaveProperty("taskId");
  });

  test("D113 a policy may name errors that nobody knows", async () => {
    const retry = { retryFor: ["NoSuchError", "é", "*"], neverFor: ["Nor.This.*"] };
    const answer = await server.caller(way).tasks.enqueueTask({ name: "a", options: { retry } });
    expect(answer).toHaveProperty("taskId");
  });

  test("D109 a start that lies more than ten years ahead is out of range", async () => {
    const { tasks } = server.caller(way);
    const soonest = BigInt(Math.floor(Date.now() / 1000));
    const at = (value: Timestamp): Options => ({ start: { case: "notBeforeTime", value } });
    const after = (value: Duration): Options => ({ start: { case: "delay", value } });
    const far = [soonest + tenYears + 60n, 253_402_300_799n].map((seconds) => at({ seconds }));
    await server.refuses(outOfRange("options.not_before_time"), far, (options) =>
      tasks.enqueueTask({ name: "a", options }),
    );
    const long = [{ seconds: tenYears, nanos: 1 }, { seconds: tenYears + 1n }].map(after);
    await server.refuses(outOfRange("options.delay"), long, (options) =>
      tasks.enqueueTask({ name: "a", options }),
    );
    for (const options of [at({ seconds: soonest + tenYears - 60n }), after({ seconds: tenYears })])
      expect(await tasks.enqueueTask({ name: "a", options })).toHaveProperty("taskId");
  });

  test("D112 a back-off without a base, that shrinks, explodes or is capped below its base is refused", async () => {
    const base = [{}, { nanos: 999_999 }, { seconds: tenYears, nanos: 1 }];
    await refusesOptions(
      way,
      "retry.base_delay",
      base.map((baseDelay) => ({ retry: { baseDelay } })),
    );
    const factors = [0.5, 0.999, 1000.5, 1e308];
    await refusesOptions(
      way,
      "retry.factor",
      factors.map((factor) => ({ retry: { factor } })),
    );
    await refusesOptions(way, "retry", [
      { retry: { baseDelay: { seconds: 2n }, maxDelay: { seconds: 1n, nanos: 999_999_999 } } },
      { retry: { baseDelay: { seconds: 2n }, maxDelay: { nanos: 1_000_000 } } },
    ]);
  });
});

test("D100 a priority of -1, 10 or 2^31 is refused", async () => {
  for (const way of ways)
    await refusesOptions(
      way,
      "priority",
      [-1, 10, 2 ** 31 - 1].map((priority) => ({ priority })),
    );
  await refusesOptions("gRPC", "priority", [beyondInt32(1)]);
  await refusesOptionsJson("priority", ['{"priority":2147483648}', '{"priority":"9x"}', '{"priority":1.5}']);
});

test("D104 a Duration that is negative or malformed is refused", async () => {
  for (const [field, options] of Object.entries(durations)) {
    for (const way of ways)
      await refusesOptions(way, field, [options({ seconds: -1n }), options({ nanos: -1 })]);
    await refusesOptions("gRPC", field, malformedDurations.map(options));
  }
  const texts = [
    "315576000001s",
    "-315576000001s",
    "1.0000000001s",
    "1",
    "s",
    "",
    "1m",
    "1.-5s",
    "1e3s",
    "NaNs",
  ];
  await refusesOptionsJson(
    "delay",
    texts.map((text) => JSON.stringify({ delay: text })),
  );
  const inRetry = texts.map((baseDelay) => JSON.stringify({ retry: { baseDelay } }));
  await refusesOptionsJson("retry.base_delay", inRetry);
  const { tasks, workers } = server.caller("gRPC");
  const wrong: readonly Duration[] = [{ seconds: -1n }, ...malformedDurations];
  await server.refuses(invalid("timeout"), wrong, (timeout) =>
    Array.fromAsync(tasks.awaitTasks({ tasks: [{ taskId: "a" }], timeout })),
  );
  await server.refuses(invalid("wait"), wrong, (wait) => workers.leaseTasks({ queues: ["none"], wait }));
  await server.refuses(invalid("duration"), [{}, ...wrong], (duration) =>
    workers.extendLeases({ leaseTokens: [new Uint8Array([1])], duration }),
  );
});

test("D107 a Timestamp outside the years 1 to 9999, or with nanos that are none, is refused", async () => {
  const starts = malformedTimestamps.map((value): Options => ({ start: { case: "notBeforeTime", value } }));
  await refusesOptions("gRPC", "not_before_time", starts);
  const { tasks } = server.caller("gRPC");
  await server.refuses(invalid("create_time_from"), malformedTimestamps, (createTimeFrom) =>
    tasks.listTasks({ createTimeFrom }),
  );
  await server.refuses(invalid("create_time_to"), malformedTimestamps, (createTimeTo) =>
    tasks.listTasks({ createTimeTo }),
  );
  const texts = ["0000-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "now", "", "1700000000"];
  await refusesOptionsJson(
    "not_before_time",
    texts.map((text) => JSON.stringify({ notBeforeTime: text })),
  );
  await server.refuses(invalid("create_time_from"), texts, (createTimeFrom) =>
    jsonCall(server.wire.url, "TaskService/ListTasks", JSON.stringify({ createTimeFrom })),
  );
});
