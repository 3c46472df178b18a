import { describe, expect, test } from "vitest";
import { queueNameOf, taskIdOf, taskNameOf } from "../model/ids.ts";
import { defaults, limits } from "../model/limits.ts";
import type { RoutedTask } from "../model/route.ts";
import { readRules } from "./read-rules.ts";
import { createTable, type Surroundings } from "./table.ts";

function tableOf(text: string) {
  const read = readRules(text, { limits, defaults });
  if (read.kind === "wrong") throw new Error(JSON.stringify(read.mistakes));
  return createTable(read.rules, defaults);
}

type Wish = Partial<Omit<RoutedTask, "id" | "name" | "queue">> & {
  readonly [K in "id" | "name" | "queue"]?: string;
};

const taskOf = ({ id = "t", name = "mail.send", queue, ...rest }: Wish): RoutedTask => ({
  id: taskIdOf(id),
  name: taskNameOf(name),
  queue: queue === undefined ? undefined : queueNameOf(queue),
  routingKey: undefined,
  headers: {},
  priority: undefined,
  ...rest,
});

const nobodyServes: Surroundings = { isServed: () => false };

/** Queue and priority, or what is not declared. */
function routeIn(text: string, around: Surroundings = nobodyServes) {
  const table = tableOf(text);
  return (wish: Wish) => {
    const routed = table.resolve(taskOf(wish), around);
    if (routed.kind === "undeclared") return `no ${routed.queue}`;
    const { target, priority } = routed;
    return `${target.kind === "queue" ? target.queue : `channel ${target.channel}`} ${priority}`;
  };
}

describe("which queue", () => {
  test("what names no queue goes to the default queue, and so does what asks for it by its alias", () => {
    const route = routeIn("default_queue: primary\nqueues: { primary: }");
    expect(route({})).toBe("primary 5");
    expect(route({ queue: "default" })).toBe("primary 5");
    expect(route({ queue: "elsewhere" })).toBe("elsewhere 5");
  });

  test("an alias is another name for a queue", () => {
    const route = routeIn(
      "aliases: { post: letters, letters: mail }\nqueues: { mail: { priority_range: [1, 1] } }",
    );
    expect(route({ queue: "post" })).toBe("mail 1");
  });

  test("the first route that fits wins, over a queue that was asked for", () => {
    const route = routeIn(`
queues: { mail: , slow: , rest: }
routes:
  - { match: { task: mail.bulk }, target: slow }
  - { match: { task: ["mail.*", "post.?"] }, target: mail }
  - { match: { task: "*" , queue_override: slow }, target: rest }
`);
    expect(route({ name: "mail.bulk" })).toBe("slow 5");
    expect(route({ name: "mail.send", queue: "slow" })).toBe("mail 5");
    expect(route({ name: "post.x" })).toBe("mail 5");
    expect(route({ name: "post.xx" })).toBe("default 5");
    expect(route({ name: "other", queue: "slow" })).toBe("rest 5");
  });

  test("headers must all be there, exactly", () => {
    const route = routeIn(
      "queues: { gold: }\nroutes: [{ match: { headers: { tier: gold, region: eu } }, target: gold }]",
    );
    expect(route({ headers: { tier: "gold", region: "eu", more: "x" } })).toBe("gold 5");
    expect(route({ headers: { tier: "gold" } })).toBe("default 5");
    expect(route({ headers: { tier: "Gold", region: "eu" } })).toBe("default 5");
  });

  test("a header that every object has is not there unless it was given", () => {
    const route = routeIn("queues: { q: }\nroutes: [{ match: { headers: { constructor: x } }, target: q }]");
    expect(route({})).toBe("default 5");
    expect(route({ headers: JSON.parse('{"constructor":"x"}') })).toBe("q 5");
  });

  test("where undeclared queues are refused, only a route or a declared name lets a task in", () => {
    const route = routeIn(`
undeclared_queues: refuse
default_queue: a
aliases: { x: a }
queues: { a: , b: }
routes: [{ match: { task: moved }, target: b }]
`);
    expect(["a", "b", "x", "default", "c"].map((queue) => route({ queue }))).toEqual([
      "a 5",
      "b 5",
      "a 5",
      "a 5",
      "no c",
    ]);
    expect(route({ name: "moved", queue: "c" })).toBe("b 5");
  });
});

describe("routing keys", () => {
  const text = `
queues:
  eu: { bindings: [{ routing_key: "eu.*" }] }
  gold: { bindings: [{ routing_key: "*", headers: { tier: gold } }] }
`;

  test("a key finds the queue that is bound to it, exact or by pattern, with its headers", () => {
    const route = routeIn(text);
    expect(route({ routingKey: "eu.mail" })).toBe("eu 5");
    expect(route({ routingKey: "us.mail", headers: { tier: "gold" } })).toBe("gold 5");
    expect(route({ routingKey: "us.mail" }), "nothing is bound to it").toBe("default 5");
  });

  test("a route wins over a binding", () => {
    expect(
      routeIn(`${text}  fixed:\nroutes: [{ match: { task: mail.send }, target: fixed }]`)({
        routingKey: "eu.x",
      }),
    ).toBe("fixed 5");
  });

  test("of several, weight chooses, and always the same one for the same task", () => {
    const route = routeIn(`
queues:
  one: { bindings: [{ routing_key: "k", weight: 1 }] }
  three: { bindings: [{ routing_key: "k*", weight: 3 }] }
`);
    const ids = Array.from({ length: 4000 }, (_, n) => `task-${n}`);
    const queues = ids.map((id) => route({ id, routingKey: "k" }));
    expect(ids.map((id) => route({ id, routingKey: "k" }))).toEqual(queues);
    const share = queues.filter((queue) => queue === "three 5").length / ids.length;
    expect(share).toBeGreaterThan(0.72);
    expect(share).toBeLessThan(0.78);
  });
});

describe("fallbacks", () => {
  const text = "queues: { a: { fallbacks: [b, c] }, b: , c: }";
  const route = (...served: readonly string[]) =>
    routeIn(text, { isServed: (queue) => served.includes(queue) });

  test("a queue that nobody takes from hands on to its first fallback that somebody takes from", () => {
    expect(route("a", "b")({ queue: "a" })).toBe("a 5");
    expect(route("b", "c")({ queue: "a" })).toBe("b 5");
    expect(route("c")({ queue: "a" })).toBe("c 5");
    expect(route()({ queue: "a" }), "it waits where it was to go").toBe("a 5");
  });

  test("the default queue has its own", () => {
    const own = "default_queue: { queue: a, fallbacks: [b] }\nqueues: { a: , b: }";
    expect(routeIn(own, { isServed: (queue) => queue === "b" })({})).toBe("b 5");
  });
});

describe("priority and options", () => {
  test("a route's override beats the producer, who beats the route's option, the queue's and the default", () => {
    const text = `
queues: { q: { options: { priority: 2 } } }
routes:
  - { match: { task: over }, target: q, priority_override: 8 }
  - { match: { task: opted }, target: q, options: { priority: 3 } }
`;
    const route = routeIn(text);
    expect(route({ name: "over", priority: 1 })).toBe("q 8");
    expect(route({ name: "opted", priority: 1 })).toBe("q 1");
    expect(route({ name: "opted" })).toBe("q 3");
    expect(route({ queue: "q" })).toBe("q 2");
    expect(route({ queue: "r" })).toBe("r 5");
  });

  test("whoever set it, the priority stays in the queue's range", () => {
    const route = routeIn(`
queues: { q: { priority_range: [3, 6] } }
routes: [{ match: { task: over }, target: q, priority_override: 9 }]
`);
    expect([0, 3, 5, 6, 9].map((priority) => route({ queue: "q", priority }))).toEqual([
      "q 3",
      "q 3",
      "q 5",
      "q 6",
      "q 6",
    ]);
    expect(route({ name: "over" })).toBe("q 6");
  });

  test("the range is that of the queue where the task ends up", () => {
    const text = "queues: { a: { priority_range: [9, 9], fallbacks: [b] }, b: { priority_range: [0, 1] } }";
    expect(routeIn(text, { isServed: (queue) => queue === "b" })({ queue: "a" })).toBe("b 1");
  });

  test("a route's options go over its queue's, one by one", () => {
    const table = tableOf(`
queues: { q: { options: { max_attempts: 2, lease_ms: 3000 } } }
routes: [{ match: { task: n }, target: q, options: { max_attempts: 7 } }]
`);
    const routed = table.resolve(taskOf({ name: "n" }), nobodyServes);
    expect(routed).toMatchObject({ policy: { maxAttempts: 7, leaseMs: 3000 } });
  });
});

test("a worker gets queues under their own names, each once, and none that is not declared where those are refused", () => {
  const text = "default_queue: a\naliases: { x: b }\nqueues: { a: , b: }";
  const wanted = ["default", "x", "b", "c"].map(queueNameOf);
  expect(tableOf(text).subscribe(wanted)).toEqual({ kind: "queues", queues: ["a", "b", "c"] });
  expect(tableOf(`${text}\nundeclared_queues: refuse`).subscribe(wanted)).toEqual({
    kind: "undeclared",
    queue: "c",
  });
});

test("a decision can tell its steps", () => {
  const steps: string[] = [];
  const table = tableOf(`
default_queue: { queue: a, alias: usual, fallbacks: [b] }
queues: { a: , b: { priority_range: [0, 3] } }
routes: [{ match: { task: mail.*, queue_override: usual }, target: a }]
`);
  const around = { isServed: (queue: string) => queue === "b", note: (step: string) => steps.push(step) };
  table.resolve(taskOf({ queue: "usual" }), around);
  expect(steps).toEqual([
    "it asks for usual, another name for queue a",
    "routes[0] (line 4) fits: queue a",
    "nobody takes from queue a: its fallback b is taken from",
    "priority 5 becomes 3, which the queue allows",
  ]);
});
