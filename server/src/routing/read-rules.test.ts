import { describe, expect, test } from "vitest";
import { defaults, limits } from "../model/limits.ts";
import type { RoutingRules } from "../model/route.ts";
import { readRules } from "./read-rules.ts";

/** Each mistake as `line:column key: text`. */
function mistakesOf(text: string, bounds: Partial<typeof limits> = {}): readonly string[] {
  const read = readRules(text, { limits: { ...limits, ...bounds }, defaults });
  if (read.kind === "rules") return [];
  return read.mistakes.map((mistake) => `${mistake.line}:${mistake.column} ${mistake.key}: ${mistake.text}`);
}

function rulesOf(text: string): RoutingRules {
  const read = readRules(text, { limits, defaults });
  if (read.kind === "wrong") throw new Error(JSON.stringify(read.mistakes));
  return read.rules;
}

const full = `
default_queue: { alias: usual, queue: primary, fallbacks: [spare] }
undeclared_queues: refuse
undeclared_channels: refuse
broadcasts: { news: { expires_ms: 60000, delivery: at-most-once }, weather: }
aliases: { post: mail, letters: post }
queues:
  primary: { priority_range: [2, 7] }
  spare:
  mail:
    priority_range: { min: 1 }
    limits: { concurrency: 5, rate: { count: 100, period_ms: 60000 } }
    bindings: [{ routing_key: "eu.*", headers: { tier: gold }, weight: 3 }]
    options: { priority: 4, max_attempts: 2, retry: { base_delay_ms: 10, jitter: none } }
routes:
  - match: { task: [mail.*, "post.?"], headers: { tenant: a }, queue_override: usual }
    target: { type: queue, name: letters }
    priority_override: 9
    options: { lease_ms: 5000 }
  - target: spare
  - { match: { task: news }, target: { type: broadcast, name: news } }
`;

describe("what may be said", () => {
  test("everything that may be said is understood", () => {
    const { queues, aliases, bindings, routes, ...rest } = rulesOf(full);
    expect(rest).toEqual({
      defaultQueue: "primary",
      isOpen: false,
      areChannelsOpen: false,
      channels: new Map([
        ["news", { expiresMs: 60_000, delivery: "at_most_once" }],
        ["weather", { expiresMs: undefined, delivery: undefined }],
      ]),
    });
    expect([...aliases]).toEqual([
      ["post", "mail"],
      ["letters", "mail"],
      ["usual", "primary"],
    ]);
    expect(queues.get("primary" as never)).toMatchObject({
      priorityMin: 2,
      priorityMax: 7,
      fallbacks: ["spare"],
    });
    expect(queues.get("mail" as never)).toMatchObject({
      priorityMin: 1,
      priorityMax: 9,
      limits: { concurrency: 5, rate: { count: 100, periodMs: 60_000, burst: 1 } },
      options: {
        priority: 4,
        policy: { maxAttempts: 2, retry: { baseMs: 10, factor: 2, maxMs: 300_000, jitter: "none" } },
      },
    });
    expect(bindings).toMatchObject([
      { queue: "mail", key: { pattern: "eu.*" }, headers: [["tier", "gold"]], weight: 3 },
    ]);
    expect(routes).toMatchObject([
      {
        label: "routes[0] (line 16)",
        headers: [["tenant", "a"]],
        fromQueue: "primary",
        target: { kind: "queue", queue: "mail" },
        priorityOverride: 9,
        options: { policy: { leaseMs: 5000 } },
      },
      { tasks: [], headers: [], target: { queue: "spare" } },
      { target: { kind: "broadcast", channel: "news" } },
    ]);
  });

  test("JSON and camelCase say the same", () => {
    const json = JSON.stringify(
      { defaultQueue: "primary", queues: { primary: { priorityRange: [1, 2] } } },
      null,
      "\t",
    );
    expect(rulesOf(json).queues.get("primary" as never)).toMatchObject({ priorityMin: 1, priorityMax: 2 });
  });

  test("nothing at all is a routing, too", () => {
    expect(rulesOf("# nothing yet\n")).toMatchObject({ defaultQueue: "default", isOpen: true, routes: [] });
  });

  test("fallbacks are followed by their own", () => {
    const text = "queues: { a: { fallbacks: [b, d] }, b: { fallbacks: [c] }, c: , d: { fallbacks: [c] } }";
    expect(rulesOf(text).queues.get("a" as never)?.fallbacks).toEqual(["b", "c", "d"]);
  });
});

describe("what is wrong is said, with its place", () => {
  test.each<[string, string, readonly string[]]>([
    ["a key that is not known", "queue: {}", ['1:1 queue: there is no such key; did you mean "queues"?']],
    ["one far from any", "\nbroadcasts_of_old: {}", ["2:1 broadcasts_of_old: there is no such key"]],
    [
      "one below",
      "queues:\n  mail:\n    exchange: x\n    priorty_range: [1, 2]\n",
      [
        "3:5 queues.mail.exchange: there is no such key",
        '4:5 queues.mail.priorty_range: there is no such key; did you mean "priority_range"?',
      ],
    ],
    ["a key twice", "queues: {}\nqueues: {}\n", ["2:1 queues: is there twice"]],
    [
      "a key in two spellings",
      "default_queue: a\ndefaultQueue: a\nqueues: { a: }",
      ["2:1 defaultQueue: says the same as default_queue, which is there already"],
    ],
    ["a queue twice", "queues: { a: , a: }", ["1:16 queues.a: is there twice"]],
    ["an alias to itself", "aliases: { a: a }", ["1:12 aliases.a: leads round in a circle: a → a"]],
    [
      "a circle of aliases",
      "aliases: { a: b, b: a }",
      [
        "1:12 aliases.a: leads round in a circle: a → b → a",
        "1:18 aliases.b: leads round in a circle: b → a → b",
      ],
    ],
    [
      "an alias of a queue's name",
      "queues: { a: , b: }\naliases: { a: b }",
      ["2:12 aliases.a: is declared below queues, too: it is either a queue or another name for one"],
    ],
    [
      "a default queue that is not declared",
      "default_queue: mial\nqueues: { mail: }",
      ['1:16 default_queue: there is no queue "mial" below queues; did you mean "mail"?'],
    ],
    [
      "a default queue beside one called default",
      "default_queue: mail\nqueues: { mail: , default: }",
      [
        '1:16 default_queue: tasks of the default queue go to "mail", but "default" is a queue, too: give default_queue.alias another name',
      ],
    ],
    [
      "an alias that stands for two queues",
      "default_queue: { queue: a, alias: x }\naliases: { x: b }\nqueues: { a: , b: }",
      ['1:35 default_queue.alias: the alias "x" would stand for two queues, "b" and "a"'],
    ],
    [
      "a fallback of itself, over another",
      "queues:\n  a: { fallbacks: [b] }\n  b: { fallbacks: [a] }\n",
      [
        "2:3 queues.a: is among its own fallbacks, or theirs",
        "3:3 queues.b: is among its own fallbacks, or theirs",
      ],
    ],
    [
      "fallbacks of the default queue in two places",
      "default_queue: { queue: a, fallbacks: [b] }\nqueues: { a: { fallbacks: [b] }, b: }",
      ["2:27 queues.a.fallbacks: default_queue.fallbacks says them already"],
    ],
    [
      "priorities upside down",
      "queues: { a: { priority_range: [7, 2] } }",
      ["1:32 queues.a.priority_range: the lowest priority, 7, is above the highest, 2"],
    ],
    [
      "a priority that is none",
      "queues: { a: { priority_range: [1.5, 10] } }",
      [
        "1:33 queues.a.priority_range[0]: must be a whole number from 0 to 9",
        "1:38 queues.a.priority_range[1]: must be a whole number from 0 to 9",
      ],
    ],
    [
      "a binding without a key",
      "queues: { a: { bindings: [{ weight: 0 }] } }",
      ["1:27 queues.a.bindings[0]: must have a routing_key"],
    ],
    [
      "a weight that is none",
      "queues: { a: { bindings: [{ routing_key: k, weight: 0 }] } }",
      ["1:53 queues.a.bindings[0].weight: must be a whole number from 1 to 1000"],
    ],
    ["a route to nowhere", "routes: [{ match: { task: a } }]", ["1:10 routes[0]: must have a target"]],
    [
      "a route to a queue that is not there",
      "queues: { mail: }\nroutes: [{ target: { name: mails } }]",
      ['2:28 routes[0].target.name: there is no queue "mails" below queues; did you mean "mail"?'],
    ],
    [
      "a target of no known type",
      "queues: { a: }\nroutes: [{ target: { type: topic, name: a } }]",
      ['2:20 routes[0].target: there is no target of type "topic"; allowed: queue, broadcast'],
    ],
    [
      "a route to a channel that is not there",
      "broadcasts: { news: }\nroutes: [{ target: { type: broadcast, name: newz } }]",
      ['2:45 routes[0].target.name: there is no channel "newz" below broadcasts; did you mean "news"?'],
    ],
    [
      "a channel that is delivered in no known way",
      "broadcasts: { news: { delivery: exactly-once } }",
      ["1:33 broadcasts.news.delivery: must be at-least-once or at-most-once"],
    ],
    [
      "no pattern at all",
      "queues: { a: }\nroutes: [{ match: { task: [] }, target: a }]",
      ["2:27 routes[0].match.task: must have at least one pattern"],
    ],
    [
      "a header that is a number",
      "queues: { a: }\nroutes: [{ match: { headers: { tier: 1 } }, target: a }]",
      ["2:38 routes[0].match.headers.tier: must be a text: put it in quotes if it is one"],
    ],
    [
      "only declared queues, and an undeclared default",
      "undeclared_queues: refuse",
      ['1:20 undeclared_queues: the default queue, "default", is not declared: name one as default_queue'],
    ],
    [
      "retries upside down",
      "queues: { a: { options: { retry: { base_delay_ms: 9, max_delay_ms: 8 } } } }",
      ["1:34 queues.a.options.retry: max_delay_ms must not be less than base_delay_ms"],
    ],
    ["no map", "- a\n", ["1:1 : must be a map of sections such as queues: and routes:"]],
    [
      "no YAML",
      "queues: [\n",
      ["2:1 : Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ],
    [
      "two documents",
      "queues: {}\n---\nqueues: {}\n",
      [expect.stringContaining("multiple documents") as unknown as string],
    ],
    [
      "an alias of YAML",
      "queues: { a: &x { fallbacks: [b] }, b: *x }",
      ["1:40 queues.b: YAML aliases are not taken: write it out"],
    ],
    ["a tag", "queues: !!js/function x", [expect.stringContaining("Unresolved tag") as unknown as string]],
  ])("%s", (_, text, mistakes) => {
    expect(mistakesOf(text)).toEqual(mistakes);
  });
});

test("an option that would do nothing is not taken", () => {
  const inert = ["exchange: x", "routing_key: k", "durability: x", "delivery: at-most-once"];
  for (const option of inert) {
    expect(mistakesOf(`queues: { q: { ${option} } }`)).toEqual([
      expect.stringContaining("there is no such key"),
    ]);
  }
});

describe("bounds", () => {
  test("a text has its size, lists and patterns theirs", () => {
    expect(mistakesOf("#".repeat(11), { routingBytesMax: 10 as never })).toEqual([
      "1:1 : the text has 11 bytes; the limit is 10 (routingBytesMax)",
    ]);
    expect(mistakesOf("queues: { a: , b: }", { routingQueuesMax: 1 as never })[0]).toContain(
      "routingQueuesMax",
    );
    expect(
      mistakesOf("routes: [{ target: a }, { target: a }]\nqueues: { a: }", { routesMax: 1 as never })[0],
    ).toContain("routesMax");
    const bindings = "[{ routing_key: a }, { routing_key: b }]";
    expect(mistakesOf(`queues: { a: { bindings: ${bindings} } }`, { bindingsMax: 1 as never })[0]).toContain(
      "bindingsMax",
    );
    const chain = "queues: { a: { fallbacks: [b] }, b: { fallbacks: [c] }, c: }";
    expect(mistakesOf(chain, { fallbacksMax: 1 as never })[0]).toContain("fallbacksMax");
    expect(mistakesOf("queues: { c: }\naliases: { a: b, b: c }", { fallbacksMax: 1 as never })[0]).toContain(
      "fallbacksMax",
    );
  });

  test("a text that is made to take long takes no longer than its size", () => {
    const size = limits.routingBytesMax;
    const hostile = [
      "[".repeat(size),
      "{a: ".repeat(size / 4),
      `routes: [${"{},".repeat(900)}]`,
      Array.from({ length: size / 8 }, (_, n) => `k${n}:`)
        .join("\n")
        .slice(0, size),
      `aliases: {${Array.from({ length: size / 20 }, (_, n) => `a${n}: a${n + 1}`).join(",")}}`,
      `queues: {${Array.from({ length: size / 32 }, (_, n) => `a${n}: {fallbacks: [a${n + 1}]}`).join(",")}}`,
    ];
    for (const text of hostile) {
      const mistakes = mistakesOf(text);
      expect(mistakes.length).toBeGreaterThan(0);
      expect(mistakes.length).toBeLessThanOrEqual(100);
    }
  }, 60_000);
});
