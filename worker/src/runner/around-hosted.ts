import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Failure } from "@stem/proto/stem/v1/failure_pb";
import { NonRetryable, type PayloadCodec } from "@stem/sdk";
import { type AnyTask, payloadFromProto } from "@stem/sdk/internal";
import { type ContextDeps, HandlerContext } from "../context.ts";
import { RejectError, RetryError } from "../errors.ts";
import type { Around } from "../middleware.ts";
import { Replacement } from "../replacement.ts";
import { failed, type Outcome, succeeded, thrown } from "../settlement.ts";
import { grown, growsCanvas } from "./grown.ts";
import { readArgs, writeResult } from "./payloads.ts";
import type { Runner } from "./runner.ts";

/** What it takes to stand around a handler that runs elsewhere. */
export type AroundHostedDeps = ContextDeps & {
  readonly taskOf: (taskName: string) => AnyTask | undefined;
  readonly resultBytesMax: () => number;
};

/** Puts middleware around handlers in threads and child processes. It sees their results and failures as the task's codec reads them. */
export const aroundHosted = (runner: Runner, around: Around, deps: AroundHostedDeps): Runner => ({
  async run(lease) {
    const task = deps.taskOf(lease.task.name);
    if (task === undefined) return runner.run(lease);
    let args: unknown;
    try {
      args = await readArgs(task, lease);
    } catch {
      // What is wrong with them is said where the handler would have run.
      return runner.run(lease);
    }
    let seen: { readonly outcome: Outcome; readonly end: End } | undefined;
    const run = async (): Promise<unknown> => {
      const outcome = await runner.run(lease);
      const end = endOf(outcome, task.resultCodec);
      seen = { outcome, end };
      if ("error" in end) throw end.error;
      return end.value;
    };
    let value: unknown;
    try {
      value = await around(new HandlerContext(lease, deps, args, task.codec), run);
    } catch (error) {
      return seen && "error" in seen.end && seen.end.error === error ? seen.outcome : thrown(error);
    }
    const said = seen;
    const outcome = (): Outcome =>
      said && "value" in said.end && said.end.value === value
        ? said.outcome
        : succeeded(writeResult(task.resultCodec, value, deps.resultBytesMax()), membersOf(said?.outcome));
    try {
      return growsCanvas(value, lease) ? await grown(value, lease, outcome) : outcome();
    } catch (error) {
      return failed(error, true);
    }
  },
});

/** What the handler adds to the group of its task, whatever result stands around it. */
const membersOf = (outcome: Outcome | undefined) =>
  outcome?.case === "succeeded" ? outcome.value.newMembers : undefined;

type End = { readonly value: unknown } | { readonly error: unknown };

/** An outcome as the handler's caller would have seen it. */
function endOf(outcome: Outcome, codec: PayloadCodec): End {
  switch (outcome.case) {
    case "succeeded":
      return { value: codec.decode(payloadFromProto(outcome.value.result)) };
    case "replaced":
      return { value: new Replacement(undefined) };
    case "failed":
      return { error: remoteError(outcome.value.failure) };
    case "retry": {
      const { failure, delay } = outcome.value;
      return { error: new RetryError(failure?.message, delay ? { delayMs: durationMs(delay) } : {}) };
    }
    case "rejected":
      return { error: new RejectError(outcome.value.reason) };
    default:
      return { error: new Error(`the task was not run: ${outcome.case}`) };
  }
}

function remoteError(failure: Failure | undefined): Error {
  const { type = "Error", message = "", stack = "", nonRetryable = false } = failure ?? {};
  const error = nonRetryable ? new NonRetryable(message) : new Error(message);
  Object.defineProperty(error, "name", { value: type });
  Object.defineProperty(error, "stack", { value: stack, writable: true, configurable: true });
  return error;
}
