import { Code, createClient } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { LeaseLostReason, SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ namespaces: ["default", "other"], limits: { resultBytesMax: 1000 } });
});
afterAll(() => server.close());

describe.each(wireTransports)("without a stream, over %s", (name, open) => {
  let calls = 0;
  /** A queue that no other test has. */
  const freshQueue = (): string => `${wordOf(name)}-${++calls}`;
  const transport = () => open(server.url);
  const workers = () => createClient(WorkerService, transport());
  const tasks = () => createClient(TaskService, transport());
  const enqueue = async (queue: string, count = 1): Promise<void> => {
    const list = Array.from({ length: count }, (_, place) => ({ id: `${queue}-${place}`, name: "n", queue }));
    await tasks().enqueueTasks({ tasks: list });
  };
  const done = { case: "succeeded", value: {} } as const;
  const stateOf = async (taskId: string) => (await tasks().getTask({ taskId })).task?.state;

  test("a task is leased, extended and settled", async () => {
    const queue = freshQueue();
    await enqueue(queue, 2);
    const { grants, leaseDuration } = await workers().leaseTasks({ queues: [queue] });
    expect(leaseDuration).toMatchObject({ seconds: 20n });
    expect(grants).toMatchObject([
      { taskId: `${queue}-0`, queue, task: { name: "n" }, attempt: 1, delivery: 1 },
    ]);
    const leaseToken = grants[0]?.leaseToken ?? new Uint8Array();
    const { leases } = await workers().extendLeases({
      leaseTokens: [leaseToken],
      duration: { seconds: 60n },
    });
    expect(leases).toMatchObject([{ held: true, state: TaskState.LEASED }]);
    const { results } = await workers().settleTasks({ settlements: [{ leaseToken, outcome: done }] });
    expect(results).toMatchObject([
      { verdict: { outcome: SettleOutcome.ACCEPTED, state: TaskState.SUCCEEDED } },
    ]);
    expect(await stateOf(`${queue}-0`)).toBe(TaskState.SUCCEEDED);
    expect(await stateOf(`${queue}-1`)).toBe(TaskState.READY);
  });

  test("what an attempt leaves reaches the next one, and each checkpoint has its verdict", async () => {
    const queue = freshQueue();
    await enqueue(queue, 2);
    const data = (value: string) => ({ data: { case: "json" as const, value } });
    const { grants } = await workers().leaseTasks({ queues: [queue], maxTasks: 2 });
    const [a, b] = grants.map(({ leaseToken }) => leaseToken);
    const [first, second] = [a ?? new Uint8Array(), b ?? new Uint8Array()];
    await workers().settleTasks({ settlements: [{ leaseToken: second, outcome: done }] });
    const { verdicts } = await workers().saveCheckpoints({
      checkpoints: [
        { leaseToken: first, data: data("[1]") },
        { leaseToken: second, data: data("[2]") },
        { leaseToken: new Uint8Array([1]), data: data("[3]") },
        { leaseToken: first, data: data("[4]") },
      ],
    });
    expect(verdicts.map(({ saved, lostReason }) => [saved, lostReason])).toEqual([
      [true, LeaseLostReason.UNSPECIFIED],
      [false, LeaseLostReason.SETTLED],
      [false, LeaseLostReason.TOKEN_INVALID],
      [true, LeaseLostReason.UNSPECIFIED],
    ]);
    await workers().settleTasks({
      settlements: [{ leaseToken: first, outcome: { case: "released", value: {} } }],
    });
    const again = await workers().leaseTasks({ queues: [queue] });
    expect(again.grants).toMatchObject([{ taskId: `${queue}-0`, lastCheckpoint: data("[4]") }]);
  });

  test.each([
    ["checkpoints", { checkpoints: [] }],
    ["checkpoints[0].data", { checkpoints: [{ leaseToken: new Uint8Array(1) }] }],
    [
      "checkpoints[0].data.json",
      {
        checkpoints: [
          { leaseToken: new Uint8Array(1), data: { data: { case: "json" as const, value: "{" } } },
        ],
      },
    ],
    ["namespace", { namespace: "A", checkpoints: [{ leaseToken: new Uint8Array(1), data: {} }] }],
  ])("SaveCheckpoints names a wrong %s", async (field, request) => {
    const error = await failure(workers().saveCheckpoints(request));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(
      error.findDetails(BadRequestSchema)[0]?.fieldViolations.map((violation) => violation.field),
    ).toContain(field);
  });

  test("SaveCheckpoints takes at most 1,000, and 64 KiB each", async () => {
    const data = { data: { case: "json" as const, value: "1" } };
    const checkpoints = Array.from({ length: 1001 }, () => ({ data }));
    const many = await failure(workers().saveCheckpoints({ checkpoints }));
    expect(many.findDetails(ErrorInfoSchema)[0]?.reason).toBe("BATCH_TOO_LARGE");
    const large = { data: { case: "binary" as const, value: new Uint8Array(64 * 1024 + 1) } };
    const tooLarge = await failure(workers().saveCheckpoints({ checkpoints: [{ data: large }] }));
    expect(tooLarge.findDetails(ErrorInfoSchema)[0]?.reason).toBe("PAYLOAD_TOO_LARGE");
  });

  test("each settlement has its verdict, in its place", async () => {
    const queue = freshQueue();
    await enqueue(queue, 2);
    const { grants } = await workers().leaseTasks({ queues: [queue], maxTasks: 10 });
    const [a, b] = grants.map(({ leaseToken }) => leaseToken);
    const large = { data: { case: "binary" as const, value: new Uint8Array(1001) } };
    const { results } = await workers().settleTasks({
      settlements: [
        { leaseToken: a ?? new Uint8Array() },
        { leaseToken: a ?? new Uint8Array(), outcome: done },
        { leaseToken: a ?? new Uint8Array(), outcome: { case: "released", value: {} } },
        { leaseToken: new Uint8Array([1]), outcome: done },
        { leaseToken: b ?? new Uint8Array(), outcome: { case: "succeeded", value: { result: large } } },
      ],
    });
    expect(results.map(({ verdict, error }) => [verdict?.outcome, error?.code])).toEqual([
      [undefined, Code.InvalidArgument],
      [SettleOutcome.ACCEPTED, undefined],
      [SettleOutcome.LEASE_LOST, undefined],
      [SettleOutcome.LEASE_LOST, undefined],
      [SettleOutcome.ACCEPTED, Code.ResourceExhausted],
    ]);
    expect(results[0]?.error?.message).toContain("settlements[0].outcome");
    expect(results[3]?.verdict?.lostReason).toBe(LeaseLostReason.TOKEN_INVALID);
    expect(await stateOf(`${queue}-1`)).toBe(TaskState.FAILED);
  });

  test("whoever waits gets a task when it comes", async () => {
    const queue = freshQueue();
    const waiting = workers().leaseTasks({ queues: [queue], wait: { seconds: 10n } });
    await enqueue(queue);
    const { grants, waited } = await waiting;
    expect(grants).toMatchObject([{ taskId: `${queue}-0` }]);
    expect(waited, "how long it had to").toBeDefined();
  });

  test("whoever does not wait gets nothing where nothing is", async () => {
    expect((await workers().leaseTasks({ queues: [freshQueue()] })).grants).toEqual([]);
  });

  test.each([
    ["queues", { queues: [] }],
    ["queues[0]", { queues: ["a b"] }],
    ["max_tasks", { queues: ["q"], maxTasks: 1001 }],
    ["max_tasks", { queues: ["q"], maxTasks: -1 }],
    ["worker", { queues: ["q"], worker: "two words" }],
    ["wait", { queues: ["q"], wait: { seconds: 31n } }],
    ["wait", { queues: ["q"], wait: { seconds: -1n } }],
    ["namespace", { queues: ["q"], namespace: "A" }],
  ])("LeaseTasks names a wrong %s", async (field, request) => {
    const error = await failure(workers().leaseTasks(request));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(
      error.findDetails(BadRequestSchema)[0]?.fieldViolations.map((violation) => violation.field),
    ).toContain(field);
  });

  test("SettleTasks takes 1 to 1,000", async () => {
    const none = await failure(workers().settleTasks({}));
    expect(none.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("settlements");
    const settlements = Array.from({ length: 1001 }, () => ({ outcome: done }));
    const many = await failure(workers().settleTasks({ settlements }));
    expect(many.code).toBe(Code.ResourceExhausted);
    expect(many.findDetails(ErrorInfoSchema)[0]?.reason).toBe("BATCH_TOO_LARGE");
  });

  test.each([
    ["lease_tokens", {}],
    ["duration", { leaseTokens: [new Uint8Array(1)], duration: { seconds: 0n } }],
    ["duration", { leaseTokens: [new Uint8Array(1)], duration: { seconds: -1n } }],
  ])("ExtendLeases names a wrong %s", async (field, request) => {
    const error = await failure(workers().extendLeases(request));
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe(field);
  });

  test("a token of another namespace is no token", async () => {
    const queue = freshQueue();
    await enqueue(queue);
    const { grants } = await workers().leaseTasks({ queues: [queue] });
    const leaseToken = grants[0]?.leaseToken ?? new Uint8Array();
    const namespace = "other";
    const { leases } = await workers().extendLeases({ namespace, leaseTokens: [leaseToken] });
    expect(leases).toMatchObject([{ held: false, lostReason: LeaseLostReason.TOKEN_INVALID }]);
    const { results } = await workers().settleTasks({
      namespace,
      settlements: [{ leaseToken, outcome: done }],
    });
    expect(results).toMatchObject([{ verdict: { outcome: SettleOutcome.LEASE_LOST } }]);
    expect(await stateOf(`${queue}-0`)).toBe(TaskState.LEASED);
  });

  test("a namespace that is not there is said", async () => {
    const error = await failure(
      workers().settleTasks({ namespace: "green", settlements: [{ outcome: done }] }),
    );
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("NAMESPACE_UNKNOWN");
  });
});
