import type { ErrorReason } from "@stem/proto/stem/v1/error_reason_pb";

/** Why the server refused, as the protos list it; docs/errors.md explains each. */
export type ServerReason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** The status codes of gRPC, as its documents write them. */
export type RpcCode =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** The server's reason, or, where somebody else answered (a proxy, a broken connection), the bare code: `RPC_UNAVAILABLE`. */
export type Reason = ServerReason | `RPC_${RpcCode}`;

/** One field that is wrong, and how. `field` is a path from the request, such as `options.priority`. */
export type FieldViolation = { readonly field: string; readonly description: string };

/** What is known of a problem. */
export type ProblemFacts = {
  readonly reason: Reason;
  readonly code: RpcCode;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;
  readonly outcome: "not_accepted" | "unknown";
};

/** A request could not be honoured. Switch on `reason`, never on the text. */
export class StemProblem extends Error {
  override readonly name = "StemProblem";
  /** Why: the server's reason, or the bare code where the server gave none. */
  readonly reason: Reason;
  /** The status code it came with. */
  readonly code: RpcCode;
  /** The reason's facts, by name; empty where the server gave none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Which fields are wrong, where the reason is about fields. */
  readonly violations: readonly FieldViolation[];
  /** When the server says that trying again makes sense, milliseconds from its answer. */
  readonly retryAfterMs: number | undefined;
  /** not_accepted: nothing was stored. unknown: it may or may not have been; repeat with the same task id. */
  readonly outcome: "not_accepted" | "unknown";

  constructor(facts: ProblemFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.reason = facts.reason;
    this.code = facts.code;
    this.metadata = facts.metadata;
    this.violations = facts.violations;
    this.retryAfterMs = facts.retryAfterMs;
    this.outcome = facts.outcome;
  }
}

const transientCodes: ReadonlySet<RpcCode> = new Set([
  "CANCELLED",
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "ABORTED",
  "INTERNAL",
  "UNAVAILABLE",
]);

/** True when repeating the same request, with the same ids, can end well: the outcome is unknown, or the server is away for now. */
export const isTransient = (problem: StemProblem): boolean =>
  problem.code === "UNAVAILABLE" || (problem.outcome === "unknown" && transientCodes.has(problem.code));
