import { createRegistry } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "@stem/proto/google/rpc/error_details_pb";
import type { CallError } from "../call-error.ts";

/** The kinds of details that errors carry; JSON needs them to spell a detail out. */
export const detailRegistry = createRegistry(file_google_rpc_error_details);

/** A translated error as Connect sends it, details and all. Its codes are gRPC's. */
export function connectErrorOf({ status }: CallError): ConnectError {
  const error = new ConnectError(status.message, status.code as Code);
  error.details.push(...status.details.flatMap(unpacked));
  return error;
}

/** Connect packs details itself, and shows those that it knows in words to whoever reads JSON. */
function unpacked(detail: Any): ConnectError["details"] {
  const value = anyUnpack(detail, detailRegistry);
  const desc = value && detailRegistry.getMessage(value.$typeName);
  return desc ? [{ desc, value }] : [];
}
