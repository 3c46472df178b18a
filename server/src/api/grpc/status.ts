import { toBinary } from "@bufbuild/protobuf";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { type Status, StatusSchema } from "@stem/proto/google/rpc/status_pb";
import type { CallError } from "../call-error.ts";

/** How a call ends, as grpc-js sends it. */
export type GrpcStatus = Omit<StatusObject, "metadata"> & { readonly metadata: Metadata | null };

/** The same as a program that watches calls is told. */
export type CallEnd = Pick<GrpcStatus, "code" | "details">;

/** The end of a call that went well. */
export const okStatus: GrpcStatus = { code: Code.OK, details: "OK", metadata: null };

/** Details that make headers larger than this are left out but for the first, ErrorInfo: peers bound what they take. */
const detailsBytesMax = 6 * 1024;

/** The end of a call that failed; details travel in grpc-status-details-bin. */
export function statusOfCallError({ status }: CallError): GrpcStatus {
  const { code, message } = status;
  if (status.details.length === 0) return { code, details: message, metadata: null };
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(encodeStatus(status)));
  return { code, details: message, metadata };
}

/** The end of a call whose messages would be compressed in a way that is not one of these. */
export function encodingStatus(accepted: readonly string[]): GrpcStatus {
  const metadata = new Metadata();
  metadata.set("grpc-accept-encoding", accepted.join(","));
  const details = `grpc-encoding must be one of ${accepted.join(", ")}`;
  return { code: Code.UNIMPLEMENTED, details, metadata };
}

function encodeStatus(status: Status): Uint8Array {
  const whole = toBinary(StatusSchema, status);
  if (whole.length <= detailsBytesMax) return whole;
  return toBinary(StatusSchema, { ...status, details: status.details.slice(0, 1) });
}
