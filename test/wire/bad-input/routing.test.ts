import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { limits } from "../../../server/src/model/limits.ts";
import { abuseServer, type Caller, ways } from "./abused-server.ts";
import { invalid, refused } from "./refusal.ts";

const server = abuseServer();

/** Every way for a text to come in that is to be used. */
const uses = ({ routing }: Caller): readonly ((config: string) => Promise<unknown>)[] => [
  (config) => routing.replaceRouting({ config, expectedRevision: 0n }),
  (config) => routing.testRoute({ name: "a", config }),
];

const globIn = (glob: string): readonly string[] => [
  `{"queues":{"q":{}},"routes":[{"match":{"task":${JSON.stringify(glob)}},"target":"q"}]}`,
  `{"queues":{"q":{"bindings":[{"routing_key":${JSON.stringify(glob)}}]}}}`,
];

describe.each(ways)("over %s", (way) => {
  test("D170 aliases and fallbacks that lead back to themselves are refused", async () => {
    const caller = server.caller(way);
    for (const use of uses(caller)) {
      await server.refuses(
        invalid("config"),
        ["aliases: { a: a }", "queues: { a: { fallbacks: [a] } }"],
        use,
      );
      const circles = ["aliases: { a: b, b: a }", "queues: { a: { fallbacks: [b] }, b: { fallbacks: [a] } }"];
      await server.refuses(invalid("config", "config"), circles, use);
    }
    const { mistakes } = await caller.routing.validateRouting({
      config: "queues: {}\naliases: { a: b, b: a }",
    });
    expect(mistakes.map(({ line, column, key }) => [line, column, key])).toEqual([
      [2, 12, "aliases.a"],
      [2, 18, "aliases.b"],
    ]);
    expect((await caller.routing.getRouting({})).routing).toMatchObject({ config: "", revision: 0n });
  });

  test("D172 globs that would take for ever elsewhere are refused, or take no time", async () => {
    const caller = server.caller(way);
    const globs = ["a".repeat(257), "*a".repeat(17), "+(a|aa)", "{1..9}{1..9}{1..9}", "[a-z]*", "!(a)"];
    for (const use of uses(caller)) await server.refuses(invalid("config"), globs.flatMap(globIn), use);
    const name = "a".repeat(255);
    for (const config of globIn("*a*a*a*a*a*a*a*a*a*ab"))
      expect(await caller.routing.testRoute({ name, routingKey: name, config })).toMatchObject({
        queue: "default",
      });
  });

  test("D173 a regular expression is no pattern", async () => {
    const caller = server.caller(way);
    for (const use of uses(caller)) await server.refuses(invalid("config"), globIn("(a+)+$"), use);
  });

  test("limits below a queue that are none are refused, each with its place", async () => {
    const caller = server.caller(way);
    const limitsIn = (limits: string) => `queues: { q: { limits: ${limits} } }`;
    const one = [
      ...[
        "{}",
        "[]",
        "5",
        "10/m",
        "{ concurrency: -1 }",
        "{ concurrency: 1000001 }",
        "{ concurrency: 1e309 }",
      ],
      ...["{ rate: 10/fortnight }", "{ rate: { count: 1 } }", "{ rate: { count: 1, period_ms: 0 } }"],
      ...["{ rate: { count: -1, period_ms: 1 } }", "{ rate: { count: 1, period_ms: 1, burst: 0 } }"],
      ...["{ concurrency: 1, Concurrency: 2 }", "{ concurrency: 1, weight: 2 }"],
    ].map(limitsIn);
    for (const use of uses(caller)) {
      await server.refuses(invalid("config"), one, use);
      await server.refuses(invalid("config", "config"), [limitsIn("{ rate: {} }")], use);
    }
    const { mistakes } = await caller.routing.validateRouting({
      config: "queues:\n  q:\n    limits: { rate: { count: 1, period_ms: 86400001 } }",
    });
    expect(mistakes.map(({ line, column, key }) => [line, column, key])).toEqual([
      [3, 44, "queues.q.limits.rate.period_ms"],
    ]);
    expect((await caller.limits.listLimits({})).limits).toEqual([]);
  });

  test("a text that is too long, nested too deeply or no YAML is refused", async () => {
    const caller = server.caller(way);
    const size = limits.routingBytesMax;
    const texts = [
      "#".repeat(size + 1),
      "[".repeat(size),
      "{a: ".repeat(size / 4),
      "- ".repeat(size / 2),
      "a: *a",
      "\u0000",
    ];
    for (const use of uses(caller)) {
      for (const text of texts)
        await expect(use(text), text.slice(0, 20)).rejects.toMatchObject({ code: Code.InvalidArgument });
    }
    const many = `[${"[],".repeat(size / 3 - 1)}]`;
    await server.refuses(invalid("config"), [many], (config) =>
      caller.routing.testRoute({ name: "a", config }),
    );
  });

  test("a replacement without the revision that it replaces, or of another one, is refused", async () => {
    const { routing } = server.caller(way);
    await server.refuses(invalid("expected_revision"), [undefined, -1n], (expectedRevision) =>
      routing.replaceRouting({ config: "", ...(expectedRevision !== undefined && { expectedRevision }) }),
    );
    await server.refuses(
      refused(Code.Aborted, "REVISION_CONFLICT"),
      [1n, 2n ** 63n - 1n],
      (expectedRevision) => routing.replaceRouting({ config: "", expectedRevision }),
    );
  });

  test("a routing key that is no name, or comes with a queue, is refused", async () => {
    const { tasks, routing } = server.caller(way);
    const keys = ["", "a b", "é", "a\n", "x".repeat(256)];
    await server.refuses(invalid("routing_key"), keys, (routingKey) =>
      tasks.enqueueTask({ name: "a", routingKey }),
    );
    await server.refuses(invalid("routing_key"), keys, (routingKey) =>
      routing.testRoute({ name: "a", routingKey }),
    );
    const both = { name: "a", queue: "q", routingKey: "k" };
    await server.refuses(invalid("routing_key"), [both], (task) => tasks.enqueueTask(task));
    await server.refuses(invalid("tasks[0].routing_key"), [both], (task) =>
      tasks.enqueueTasks({ atomic: true, tasks: [task] }),
    );
    await expect(routing.testRoute(both)).rejects.toMatchObject({ code: Code.InvalidArgument });
  });
});
