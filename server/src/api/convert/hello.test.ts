import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { HelloSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { describe, expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { type Problem, StemProblem } from "../../model/problem.ts";
import { agreedProtocol, readHello } from "./hello.ts";
import { createNamespaces } from "./namespace.ts";

type Init = MessageInitShape<typeof HelloSchema>;

const namespaces = createNamespaces(["default", "blue"]);
const hello = (init: Init) =>
  create(HelloSchema, { protocolMin: 1, protocolMax: 1, worker: "w", queues: ["q"], slots: 1, ...init });
const read = (init: Init) => readHello(hello(init), namespaces, limits);

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
    expect(read({})).toEqual({ namespace: "default", worker: "w", queues: ["q"], resume: undefined });
    expect(read({ namespace: "blue" }).namespace).toBe("blue");
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

  const queues = (count: number): string[] => Array.from({ length: count }, (_, i) => `q${i}`);

  test.each<[string, Init, string]>([
    ["no queues", { queues: [] }, "hello.queues"],
    ["1,001 queues", { queues: queues(1001) }, "hello.queues"],
    ["a queue twice", { queues: ["a", "a"] }, "hello.queues"],
    ["a queue that cannot be one", { queues: ["a", "a b"] }, "hello.queues[1]"],
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
