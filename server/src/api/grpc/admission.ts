/** Whether a call may begin: what grpc-js lets through and the protocol or our limits do not. */

import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Limits } from "../../model/limits.ts";
import { type CallError, callError, problemError } from "../call-error.ts";
import { hasMoreStreams, type StreamNote } from "./streams.ts";
import { timeoutHeaderMs } from "./timeout-header.ts";

/**
 * The answer: the caller's time limit, where it gave one; or why not. `media_type` is for callers that do not speak gRPC, `malformed` for
 * headers that HTTP/2 does not allow, `encoding` for messages that would come compressed in a way we cannot read.
 */
export type Admission =
  | { readonly kind: "admitted"; readonly timeoutMs: number | undefined }
  | { readonly kind: "media_type" }
  | { readonly kind: "malformed" }
  | { readonly kind: "encoding" }
  | { readonly kind: "refused"; readonly error: CallError };

/** The ways to compress a message that grpc-js can read. */
export const acceptedEncodings = ["identity", "deflate", "gzip"] as const;

const grpcProto = /^application\/grpc(\+proto)?\s*(;.*)?$/i;

/** Judges a call by its headers and its connection. */
export function admit(note: StreamNote, limits: Limits): Admission {
  if (note.hasIllegalValue) return { kind: "malformed" };
  if (!grpcProto.test(note.contentType ?? "")) return { kind: "media_type" };
  const timeoutMs = note.timeout === undefined ? undefined : timeoutHeaderMs(note.timeout);
  if (note.timeout !== undefined && timeoutMs === undefined)
    return refused(callError(Code.INTERNAL, "grpc-timeout must be 1 to 8 digits and one of H M S m u n"));
  if (!isReadable(note.encoding ?? "identity")) return { kind: "encoding" };
  if (note.headerBytes > limits.metadataBytesMax) {
    const text = `metadata: ${note.headerBytes} bytes; the limit is ${limits.metadataBytesMax}`;
    return refused(callError(Code.RESOURCE_EXHAUSTED, text));
  }
  const max = limits.streamsPerConnectionMax;
  if (hasMoreStreams(note.connection, max))
    return refused(
      problemError({ reason: "CONCURRENCY_LIMIT_REACHED", limit: "streamsPerConnectionMax", max }),
    );
  return { kind: "admitted", timeoutMs };
}

const isReadable = (encoding: string): boolean => acceptedEncodings.some((each) => each === encoding);

const refused = (error: CallError): Admission => ({ kind: "refused", error });
