import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { Code } from "@stem/proto/google/rpc/code_pb";
import {
  type BadRequest,
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  type RetryInfo,
  RetryInfoSchema,
} from "@stem/proto/google/rpc/error_details_pb";
import type { Status } from "@stem/proto/google/rpc/status_pb";
import { ErrorReason } from "@stem/proto/stem/v1/error_reason_pb";
import { type RpcCode, type ServerReason, StemProblem } from "./problem.ts";

const ourDomain = "stem.v1";

// The reasons with which the server says that it does not know itself.
const unsureReasons: ReadonlySet<string> = new Set<ServerReason>(["STORE_UNAVAILABLE", "DEADLINE_EXCEEDED"]);

/** The problem that a failed call tells of. What is a StemProblem already stays itself. */
export function problemFrom(error: unknown): StemProblem {
  if (error instanceof StemProblem) return error;
  const known = ConnectError.from(error);
  return build({
    code: known.code,
    message: known.rawMessage,
    info: known.findDetails(ErrorInfoSchema)[0],
    badRequest: known.findDetails(BadRequestSchema)[0],
    retry: known.findDetails(RetryInfoSchema)[0],
    cause: known.cause,
  });
}

/** The problem that a status inside an answer tells of. */
export function problemFromStatus(status: Status): StemProblem {
  const detail = <T>(unpack: (packed: Status["details"][number]) => T | undefined): T | undefined =>
    status.details.map(unpack).find((found) => found !== undefined);
  return build({
    code: status.code,
    message: status.message,
    info: detail((packed) => anyUnpack(packed, ErrorInfoSchema)),
    badRequest: detail((packed) => anyUnpack(packed, BadRequestSchema)),
    retry: detail((packed) => anyUnpack(packed, RetryInfoSchema)),
    cause: undefined,
  });
}

type Answer = {
  readonly code: number;
  readonly message: string;
  readonly info: ErrorInfo | undefined;
  readonly badRequest: BadRequest | undefined;
  readonly retry: RetryInfo | undefined;
  readonly cause: unknown;
};

function build(answer: Answer): StemProblem {
  const code = codeName(answer.code);
  const info = answer.info?.domain === ourDomain ? answer.info : undefined;
  const reason = serverReason(info?.reason) ?? (`RPC_${code}` as const);
  return new StemProblem(
    {
      reason,
      code,
      message: answer.message === "" ? reason : `${reason}: ${answer.message}`,
      metadata: { ...info?.metadata },
      violations: (answer.badRequest?.fieldViolations ?? []).map(({ field, description }) => ({
        field,
        description,
      })),
      retryAfterMs: answer.retry?.retryDelay && durationMs(answer.retry.retryDelay),
      // A bare status may come from anybody on the way; only our own word says that nothing was stored.
      outcome: info && !unsureReasons.has(info.reason) ? "not_accepted" : "unknown",
    },
    answer.cause === undefined ? undefined : { cause: answer.cause },
  );
}

const codeNames = new Map<number, string>(Object.entries(Code).map(([name, number]) => [number, name]));

const isRpcCode = (name: string | undefined): name is RpcCode => name !== undefined && name !== "OK";

function codeName(code: number): RpcCode {
  const name = codeNames.get(code);
  return isRpcCode(name) ? name : "UNKNOWN";
}

// A newer server may know reasons that this version does not: those fall back to the code.
const serverReason = (reason: string | undefined): ServerReason | undefined =>
  reason !== undefined && isServerReason(reason) ? reason : undefined;

const isServerReason = (reason: string): reason is ServerReason =>
  Object.hasOwn(ErrorReason, reason) && reason !== "UNSPECIFIED";
