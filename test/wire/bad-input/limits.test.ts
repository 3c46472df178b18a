import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { abuseServer, ways } from "./abused-server.ts";
import { jsonCall } from "./json-call.ts";
import { invalid, refusalOf, refused } from "./refusal.ts";

const server = abuseServer();
const period = { seconds: 1n };
const queue = (value: string) => ({ subject: { case: "queue" as const, value } });

describe.each(ways)("over %s", (way) => {
  test("D167 limits that are none are refused, and a rate of zero means stopped", async () => {
    const { limits, tasks, workers } = server.caller(way);
    const name = `stopped-${ways.indexOf(way)}`;
    const put = (bound: object) => limits.putLimit({ limit: { subject: queue(name), ...bound } });
    await server.refuses(invalid("limit.concurrency"), [-1, -(2 ** 31), 2 ** 31 - 1], (concurrency) =>
      put({ concurrency }),
    );
    await server.refuses(invalid("limit.rate.count"), [-1, 2 ** 31 - 1], (count) =>
      put({ rate: { count, period } }),
    );
    await server.refuses(
      invalid("limit.rate.period"),
      [undefined, {}, { seconds: -1n }, { seconds: 86_401n }, { nanos: 999_999 }],
      (own) => put({ rate: { count: 1, ...(own && { period: own }) } }),
    );
    await server.refuses(invalid("limit.rate.burst"), [0, -1], (burst) =>
      put({ rate: { count: 1, period, burst } }),
    );
    await server.refuses(invalid("limit"), [{}], put);
    await server.refuses(invalid("limit.subject"), [undefined], () =>
      limits.putLimit({ limit: { concurrency: 1 } }),
    );
    for (const subject of ["", " ", "a b", "q".repeat(256)])
      await server.refuses(invalid("limit.subject.queue"), [subject], (value) =>
        limits.putLimit({ limit: { subject: queue(value), concurrency: 1 } }),
      );
    await put({ rate: { count: 0, period } });
    await tasks.enqueueTask({ name: "a", queue: name });
    expect((await workers.leaseTasks({ queues: [name] })).grants).toEqual([]);
    await limits.deleteLimit({ subject: queue(name) });
    expect((await workers.leaseTasks({ queues: [name] })).grants).toHaveLength(1);
  });

  test("a limit that is not there is not found", async () => {
    const { limits } = server.caller(way);
    const unknown = refused(Code.NotFound, "LIMIT_UNKNOWN");
    await server.refuses(unknown, ["nowhere"], (value) => limits.getLimit({ subject: queue(value) }));
    await server.refuses(unknown, ["nowhere"], (value) => limits.deleteLimit({ subject: queue(value) }));
  });

  test("a weight that is none is refused", async () => {
    const { limits } = server.caller(way);
    const put = (weight: object) =>
      limits.putWeight({ queue: "a", weight: { key: "k", weight: 1, ...weight } });
    await server.refuses(invalid("weight.weight"), [0, -1, 1001, 2 ** 31 - 1], (weight) => put({ weight }));
    await server.refuses(invalid("weight.key"), ["", " ", "ä", "k".repeat(256)], (key) => put({ key }));
    await server.refuses(invalid("weight"), [undefined], () => limits.putWeight({ queue: "a" }));
    await server.refuses(invalid("page_token"), ["garbage"], (pageToken) =>
      limits.listWeights({ queue: "a", pageToken }),
    );
  });

  test("labels that are none are refused", async () => {
    const { tasks, workers } = server.caller(way);
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, ""]));
    for (const [labels, path] of [
      [{ "a b": "" }, '["a b"]'],
      [{ "": "" }, '[""]'],
      [{ a: "b c" }, '["a"]'],
      [many(33), ""],
    ] as const) {
      const field = `options.required_labels${path}`;
      await server.refuses(invalid(field), [labels], (requiredLabels) =>
        tasks.enqueueTask({ name: "a", options: { requiredLabels } }),
      );
      await server.refuses(invalid(`labels${path}`), [labels], (own) =>
        workers.leaseTasks({ queues: ["a"], labels: own }),
      );
    }
  });

  test.each(["ordering_key", "fairness_key"] as const)("an %s that is none is refused", async (field) => {
    const { tasks } = server.caller(way);
    const name = field === "ordering_key" ? "orderingKey" : "fairnessKey";
    await server.refuses(invalid(`options.${field}`), [" ", "a b", "k".repeat(256), "ä"], (key) =>
      tasks.enqueueTask({ name: "a", options: { [name]: key } }),
    );
  });

  test("a limit key that is none is refused", async () => {
    const { tasks } = server.caller(way);
    await server.refuses(
      invalid("options.limit_key"),
      [" ", "a b", "\u0000", "k".repeat(256), "ä"],
      (limitKey) => tasks.enqueueTask({ name: "a", options: { limitKey } }),
    );
  });
});

test.each(['"10/fortnight"', '{"count":1e309,"period":"1s"}', '{"count":10,"period":"1 fortnight"}'])(
  "D167 a rate of %s, as people write it, is refused",
  async (rate) => {
    const body = `{"limit":{"subject":{"queue":"a"},"rate":${rate}}}`;
    const { code, reason } = await refusalOf(jsonCall(server.wire.url, "LimitService/PutLimit", body));
    expect([code, reason]).toEqual([Code.InvalidArgument, "FIELD_INVALID"]);
  },
);
