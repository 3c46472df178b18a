import { create } from "@bufbuild/protobuf";
import type { Code } from "@stem/proto/google/rpc/code_pb";
import { type Status, StatusSchema } from "@stem/proto/google/rpc/status_pb";
import type { Problem } from "../model/problem.ts";
import { problemToStatus } from "./problem-table.ts";

/** What a call ends with, translated: the only error that reaches the adapters of the two stacks. */
export class CallError extends Error {
  readonly status: Status;
  constructor(status: Status, options?: ErrorOptions) {
    super(status.message, options);
    this.name = "CallError";
    this.status = status;
  }
}

/** A bare status, for answers that protocols and standard services prescribe and that are no problem of ours. */
export const callError = (code: Code, message: string): CallError =>
  new CallError(create(StatusSchema, { code, message }));

/** A problem, translated. */
export const problemError = (problem: Problem, cause?: unknown): CallError =>
  new CallError(problemToStatus(problem), { cause });
