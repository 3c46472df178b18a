import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { ConnectResponseSchema, LeaseTasksResponseSchema } from "@stem/proto/stem/v1/worker_service_pb";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lease } from "../../broker/broker.ts";
import { barrierIdOf, canvasIdOf, instantOf, queueNameOf, taskIdOf } from "../../model/ids.ts";
import { encodeGrantsFrame, encodeLeaseTasksResponse, grantsThatFit } from "./grant.ts";
import { createScratch } from "./scratch.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";

const encode = createScratch();

const content = fc
  .record({ name: fc.constantFrom("mail.send", "x".repeat(255)), tags: fc.array(fc.constantFrom("a", "b")) })
  .map((task) => toBinary(NewTaskSchema, create(NewTaskSchema, task)));

const left = create(PayloadSchema, { data: { case: "json", value: "[3]" } });

const lease: fc.Arbitrary<Lease> = fc.record({
  token: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  taskId: fc.constantFrom("t", "0198c0de-0000-7000-8000-000000000000", "y".repeat(128)).map(taskIdOf),
  queue: fc.constantFrom("default", "q".repeat(255)).map(queueNameOf),
  fence: fc.record({ epoch: fc.maxSafeNat(), seq: fc.maxSafeNat() }),
  attempt: fc.integer({ min: 1, max: 1000 }),
  maxAttempts: fc.integer({ min: 1, max: 1000 }),
  delivery: fc.integer({ min: 1, max: 1000 }),
  leaseMs: fc.constantFrom(undefined, 1000, 1500, 3_600_000),
  createdAt: fc
    .oneof(fc.nat(), fc.constantFrom(1_763_938_800_000, 1_763_938_800_001, 1_763_938_800_000.25))
    .map(instantOf),
  content,
  softTimeLimitMs: fc.constantFrom(undefined, 1500),
  timeLimitMs: fc.constantFrom(undefined, 1, 90_000),
  checkpoint: fc.constantFrom(undefined, toBinary(PayloadSchema, left)),
  results: fc.option(
    fc.record({
      member: fc.constantFrom(undefined, "result", "m".repeat(255)),
      canvas: fc.constant(canvasIdOf("c")),
      barrier: fc.constantFrom(barrierIdOf("g"), barrierIdOf("b".repeat(128))),
      size: fc.nat(),
    }),
    { nil: undefined },
  ),
});

const messageOf = (from: Lease) => ({
  leaseToken: from.token,
  taskId: from.taskId,
  queue: from.queue,
  task: fromBinary(NewTaskSchema, from.content),
  fence: { epoch: BigInt(from.fence.epoch), seq: BigInt(from.fence.seq) },
  attempt: from.attempt,
  maxAttempts: from.maxAttempts,
  delivery: from.delivery,
  ...(from.leaseMs !== undefined && { leaseDuration: durationFromMs(from.leaseMs) }),
  createTime: timestampFromInstant(from.createdAt),
  ...(from.timeLimitMs !== undefined && { timeLimit: durationFromMs(from.timeLimitMs) }),
  ...(from.softTimeLimitMs !== undefined && { softTimeLimit: durationFromMs(from.softTimeLimitMs) }),
  ...(from.checkpoint && { lastCheckpoint: left }),
  ...(from.results && {
    results: {
      ...{ member: from.results.member ?? "", canvasId: from.results.canvas },
      ...{ groupId: from.results.barrier, count: from.results.size },
    },
  }),
});

describe("written by hand, grants are what the generated codec writes", () => {
  test("as a frame of the stream", () => {
    const positive = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(
        fc.array(lease, { minLength: 1, maxLength: 5 }),
        positive,
        positive,
        fc.integer({ min: 1 }),
        (leases, frameSeq, echo, firstSeq) => {
          const frame = {
            case: "grants",
            value: { firstSeq: BigInt(firstSeq), grants: leases.map(messageOf) },
          } as const;
          const expected = toBinary(
            ConnectResponseSchema,
            create(ConnectResponseSchema, { frameSeq, echo, frame }),
          );
          const ours = encodeGrantsFrame(encode, { frameSeq, echo, firstSeq, leases });
          expect(Buffer.from(ours).equals(expected)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("as the answer to LeaseTasks", () => {
    const ms = fc.constantFrom(0, 1, 20_000, 1500);
    fc.assert(
      fc.property(fc.array(lease, { maxLength: 5 }), ms, ms, (leases, leaseMs, waitedMs) => {
        const init = {
          grants: leases.map(messageOf),
          leaseDuration: durationFromMs(leaseMs),
          waited: durationFromMs(waitedMs),
        };
        const expected = toBinary(LeaseTasksResponseSchema, create(LeaseTasksResponseSchema, init));
        expect(
          Buffer.from(encodeLeaseTasksResponse(encode, { leases, leaseMs, waitedMs })).equals(expected),
        ).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a frame", () => {
  test("holds as many leases as fit, and is never longer than its bound", () => {
    fc.assert(
      fc.property(
        fc.array(lease, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 6000 }),
        (leases, bytesMax) => {
          const count = grantsThatFit(leases, bytesMax);
          const bytes = encodeGrantsFrame(encode, {
            frameSeq: 1n,
            echo: 1n,
            firstSeq: 1,
            leases: leases.slice(0, count),
          });
          expect(count).toBeGreaterThanOrEqual(1);
          if (count > 1) expect(bytes.length).toBeLessThanOrEqual(bytesMax);
        },
      ),
    );
  });

  test("holds one lease however large it is", () => {
    const [one] = fc.sample(lease, 1);
    if (!one) throw new Error("no sample");
    const large = { ...one, content: new Uint8Array(100) };
    expect(grantsThatFit([large, large], 10)).toBe(1);
    expect(grantsThatFit([large, large], 1_000_000)).toBe(2);
    expect(grantsThatFit([], 10)).toBe(0);
  });
});
