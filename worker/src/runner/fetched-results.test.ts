import { create } from "@bufbuild/protobuf";
import { GrantSchema } from "@stem/proto/stem/v1/lease_pb";
import type { CanvasHandle } from "@stem/sdk";
import { expect, test } from "vitest";
import { TaskCancelled } from "../errors.ts";
import { HeldLease } from "../lease.ts";
import { type Outcome, succeeded } from "../settlement.ts";
import { fetchingResults } from "./fetched-results.ts";

const reference = { "stem.results": { canvasId: "c", groupId: "g", count: 2 } };

/** Handed by reference as this member, or as the last one of a list; null: not by reference. */
const leaseOf = (args: unknown, member: string | null = ""): HeldLease => {
  const task = { name: "a", args: { data: { case: "json" as const, value: JSON.stringify(args) } } };
  const results = { canvasId: "c", groupId: "g", count: 2, member: member ?? "" };
  const grant = create(GrantSchema, { taskId: "t", task, ...(member !== null && { results }) });
  return new HeldLease(grant, { seq: 1, leaseMs: 1000, countedFrom: 0, startBy: 0 });
};

/** What a handler would be given, of which canvas and group, and the outcome. */
async function run(lease: HeldLease, results: unknown = [1, null]) {
  const asked: string[] = [];
  let given: unknown;
  const runner = fetchingResults(
    {
      async run({ task }) {
        given = task.args?.data.case === "json" && JSON.parse(task.args.data.value);
        return succeeded(undefined);
      },
    },
    () => ({
      canvas: (id) =>
        ({
          async resultOf(groupId: string) {
            asked.push(`${id} ${groupId}`);
            if (results instanceof Error) throw results;
            return results;
          },
        }) as unknown as CanvasHandle<never>,
    }),
  );
  const outcome: Outcome = await runner.run(lease);
  return { given, asked, outcome: outcome.case === "failed" ? outcome.value.failure : outcome.case };
}

test.each([
  [
    [1, reference],
    [1, [1, null]],
  ],
  [[reference], [[1, null]]],
  // The first is what its producer wrote.
  [
    [reference, reference],
    [reference, [1, null]],
  ],
  [
    { a: reference, b: reference },
    { a: reference, b: [1, null] },
  ],
])("%j becomes %j before the handler begins", async (args, given) => {
  expect(await run(leaseOf(args, "b"))).toEqual({ given, asked: ["c g"], outcome: "succeeded" });
});

test.each([[[reference]], [[1, reference]], [{ result: reference }]])(
  "%j stays as it is where the server says nothing of a reference",
  async (args) => {
    expect(await run(leaseOf(args, null))).toEqual({ given: args, asked: [], outcome: "succeeded" });
  },
);

test("what cannot be fetched fails the attempt, what is no JSON for good", async () => {
  const away = await run(leaseOf([reference]), new RangeError("away"));
  expect(away.outcome).toMatchObject({ type: "RangeError", nonRetryable: false });
  const bytes = await run(leaseOf([reference]), [new Uint8Array([1])]);
  expect(bytes.outcome).toMatchObject({ type: "NonRetryable", nonRetryable: true });
  const stopped = leaseOf([reference]);
  stopped.abort(new TaskCancelled("enough"));
  expect(await run(stopped)).toMatchObject({ asked: [], outcome: { type: "TaskCancelled" } });
});
