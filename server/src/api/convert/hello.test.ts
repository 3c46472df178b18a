import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { QueueMode } from "@stem/proto/stem/v1/worker_pb";
import { HelloSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { describe, expect, test } from "vitest";
import { defaults, limits } from "../../model/limits.ts";
import { type Problem, StemProblem } from "../../model/problem.ts";
import { agreedProtocol, readHello } from "./hello.ts";
import { createNamespaces } from "./namespace.ts";

type Init = MessageInitShape<typeof HelloSchema>;

const weighted = QueueMode.WEIGHTED;
const namespaces = createNamespaces({
  stateOf: (name) => (["default", "blue"].includes(name) ? "active" : undefined),
});
const hello = (init: Init) =>
  create(HelloSchema, {
    protocolMin: 1,
    protocolMax: 1,
    worker: "w",
    queues: [{ name: "q" }],
    slots: 1,
    ...init,
  });
const read = (init: Init) => readHello(hello(init), { namespaces, limits, defaults });

function problemOf(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof StemProblem) return error.problem;
    throw error;
  }
  throw new Error("taken");
}

describe("a greeting", () => {
  test("opens a new session", () => {
    expect(read({})).toEqual({
      namespace: "default",
      worker: "w",
      subscriptions: [{ queue: "q", mode: "merged", weight: 1 }],
      traits: { slots: 1, sdk: "", capabilities: new Set(), labels: new Map(), broadcastChannels: [] },
      paused: [],
      definitions: [],
      resume: undefined,
    });
    expect(read({ namespace: "blue" }).namespace).toBe("blue");
  });

  test("says how queues stand to each other, and what the worker is like", () => {
    const said = read({
      queues: [
        { name: "urgent", mode: QueueMode.STRICT },
        { name: "a", mode: weighted, weight: 3 },
        { name: "b" },
      ],
      labels: { region: "eu" },
      capabilities: ["control"],
      broadcastChannels: ["news"],
      sdk: "s",
    });
    expect(said.subscriptions).toEqual([
      { queue: "urgent", mode: "strict", weight: 1 },
      { queue: "a", mode: "weighted", weight: 3 },
      { queue: "b", mode: "merged", weight: 1 },
    ]);
    expect(said.traits).toEqual({
      slots: 1,
      sdk: "s",
      capabilities: new Set(["control"]),
      labels: new Map([["region", "eu"]]),
      broadcastChannels: ["news"],
    });
  });

  test("goes on with one", () => {
    const sessionId = new Uint8Array(16).fill(1);
    const heldLeases = [new Uint8Array([1]), new Uint8Array([2])];
    expect(read({ sessionId, heldLeases, seenSeq: 7n }).resume).toEqual({
      sessionId,
      held: heldLeases,
      seenSeq: 7,
    });
  });

  const queues = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `q${i}` }));
  const labels = (count: number) => Object.fromEntries(queues(count).map(({ name }) => [name, ""]));
  const names = (count: number) => queues(count).map(({ name }) => name);

  test.each<[string, Init, string]>([
    ["no queues", { queues: [] }, "hello.queues"],
    ["1,001 queues", { queues: queues(1001) }, "hello.queues"],
    ["a queue twice", { queues: [{ name: "a" }, { name: "a" }] }, "hello.queues[1].name"],
    ["a queue that cannot be one", { queues: [{ name: "a" }, { name: "a b" }] }, "hello.queues[1].name"],
    ["a queue without a name", { queues: [{}] }, "hello.queues[0].name"],
    ["a mode that nobody knows", { queues: [{ name: "a", mode: 9 as QueueMode }] }, "hello.queues[0].mode"],
    ["a weight of nothing", { queues: [{ name: "a", mode: weighted, weight: 0 }] }, "hello.queues[0].weight"],
    [
      "a weight of 1,001",
      { queues: [{ name: "a", mode: weighted, weight: 1001 }] },
      "hello.queues[0].weight",
    ],
    ["a weight without its mode", { queues: [{ name: "a", weight: 2 }] }, "hello.queues[0].weight"],
    ["a label that cannot be one", { labels: { "a b": "" } }, 'hello.labels["a b"]'],
    ["a label's value with a space", { labels: { a: "b c" } }, 'hello.labels["a"]'],
    ["33 labels", { labels: labels(33) }, "hello.labels"],
    ["a capability that cannot be one", { capabilities: ["A"] }, "hello.capabilities[0]"],
    ["65 capabilities", { capabilities: names(65) }, "hello.capabilities"],
    ["a channel that cannot be one", { broadcastChannels: ["a b"] }, "hello.broadcast_channels[0]"],
    ["a channel twice", { broadcastChannels: ["a", "a"] }, "hello.broadcast_channels"],
    ["a definition without a name", { definitions: [{}] }, "hello.definitions[0].name"],
    ["a task defined twice", { definitions: [{ name: "a" }, { name: "a" }] }, "hello.definitions[1].name"],
    [
      "a version before the first",
      { definitions: [{ name: "a", version: -1n }] },
      "hello.definitions[0].version",
    ],
    [
      "a schema that is no JSON",
      { definitions: [{ name: "a", argsSchema: "{" }] },
      "hello.definitions[0].args_schema",
    ],
    [
      "a schema that is too large",
      { definitions: [{ name: "a", argsSchema: JSON.stringify("x".repeat(70_000)) }] },
      "hello.definitions[0].args_schema",
    ],
    [
      "a default queue that cannot be one",
      { definitions: [{ name: "a", queue: "a b" }] },
      "hello.definitions[0].queue",
    ],
    [
      "a default priority of 10",
      { definitions: [{ name: "a", options: { priority: 10 } }] },
      "hello.definitions[0].options.priority",
    ],
    [
      "a date as a default",
      { definitions: [{ name: "a", options: { start: { case: "notBeforeTime", value: { seconds: 1n } } } }] },
      "hello.definitions[0].options.not_before_time",
    ],
    [
      "a link as a default",
      { definitions: [{ name: "a", options: { linkError: [{ task: { name: "b" } }] } }] },
      "hello.definitions[0].options.link_error",
    ],
    ["1,001 channels", { broadcastChannels: names(1001) }, "hello.broadcast_channels"],
    ["a worker's name of 1 KB", { worker: "x".repeat(1024) }, "hello.worker"],
    ["no worker's name", { worker: "" }, "hello.worker"],
    ["no slots", { slots: 0 }, "hello.slots"],
    ["less than no slots", { slots: -1 }, "hello.slots"],
    ["two billion slots", { slots: 2 ** 31 - 1 }, "hello.slots"],
    ["a namespace that cannot be one", { namespace: "A" }, "hello.namespace"],
    ["a number before the first", { seenSeq: -1n }, "hello.seen_seq"],
    ["a session id that is too long", { sessionId: new Uint8Array(65) }, "hello.session_id"],
    ["protocol 0", { protocolMin: 0 }, "hello.protocol_min"],
    ["leases of no session", { heldLeases: [new Uint8Array(1)] }, "hello.held_leases"],
    [
      "a token that is too long",
      { sessionId: new Uint8Array(1), heldLeases: [new Uint8Array(512), new Uint8Array(513)] },
      "hello.held_leases[1]",
    ],
  ])("with %s names the field", (_, init, field) => {
    expect(problemOf(() => read(init))).toMatchObject({ reason: "FIELD_INVALID", violations: [{ field }] });
  });

  test("says what tasks it can run, and what they get that do not say otherwise", () => {
    const { definitions } = read({
      definitions: [
        { name: "plain", description: "Just so." },
        {
          name: "mail",
          version: 3n,
          queue: "mail",
          options: { priority: 0, maxAttempts: 1, start: { case: "delay", value: { seconds: 2n } } },
        },
      ],
    });
    expect(definitions).toMatchObject([
      { name: "plain", version: 0, defaults: undefined },
      {
        name: "mail",
        version: 3,
        defaults: { queue: "mail", priority: 0, policy: { maxAttempts: 1 }, delayMs: 2000 },
      },
    ]);
  });

  test("may define 1,000 tasks, and no more", () => {
    const definitions = (count: number) => queues(count);
    expect(read({ definitions: definitions(1000) }).definitions).toHaveLength(1000);
    expect(problemOf(() => read({ definitions: definitions(1001) }))).toEqual({
      reason: "BATCH_TOO_LARGE",
      field: "hello.definitions",
      items: 1001,
      itemsMax: 1000,
    });
  });

  test("may list 10,000 leases, and no more", () => {
    const sessionId = new Uint8Array(16);
    const leases = (count: number) => Array.from({ length: count }, () => new Uint8Array(100));
    expect(read({ sessionId, heldLeases: leases(10_000) }).resume?.held).toHaveLength(10_000);
    expect(problemOf(() => read({ sessionId, heldLeases: leases(10_001) }))).toEqual({
      reason: "BATCH_TOO_LARGE",
      field: "hello.held_leases",
      items: 10_001,
      itemsMax: 10_000,
    });
  });

  test("in a namespace that is not there is told so", () => {
    expect(problemOf(() => read({ namespace: "green" }))).toEqual({
      reason: "NAMESPACE_UNKNOWN",
      namespace: "green",
    });
  });
});

describe("the protocol", () => {
  test("is the newest that both speak", () => {
    expect(agreedProtocol(hello({ protocolMin: 1, protocolMax: 9 }))).toBe(1);
  });

  test("is refused where there is none in common, with what this server speaks", () => {
    expect(problemOf(() => agreedProtocol(hello({ protocolMin: 2, protocolMax: 3 })))).toEqual({
      reason: "PROTOCOL_UNSUPPORTED",
      protocolMin: 1,
      protocolMax: 1,
    });
  });

  test("does not run backwards", () => {
    expect(problemOf(() => agreedProtocol(hello({ protocolMin: 2, protocolMax: 1 })))).toMatchObject({
      violations: [{ field: "hello.protocol_max" }],
    });
  });
});
