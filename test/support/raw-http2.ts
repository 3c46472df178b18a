import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import {
  type BadRequest,
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@stem/proto/google/rpc/error_details_pb";
import { type Status, StatusSchema } from "@stem/proto/google/rpc/status_pb";

/** How a raw HTTP/2 call ended. */
export type RawAnswer = {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The code of RST_STREAM, 0 when the stream ended well. */
  readonly resetCode: number;
};

/** Opens an HTTP/2 connection that does exactly as it is told. */
export async function rawConnect(
  url: string,
  options?: ClientSessionOptions | SecureClientSessionOptions,
): Promise<ClientHttp2Session> {
  const session = connect(url, options);
  session.on("error", () => session.destroy());
  await once(session, "connect");
  return session;
}

/** A message as gRPC frames it. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Starts a gRPC call with any headers; undefined takes a usual one out. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string | undefined>> = {},
): ClientHttp2Stream {
  const usual = { "content-type": "application/grpc", te: "trailers" };
  const all = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== undefined);
  const stream = session.request({ ":method": "POST", ":path": path, ...Object.fromEntries(all) });
  stream.on("error", () => stream.destroy());
  return stream;
}

/** Waits for the end of a call, reading all of it. */
export async function rawAnswer(stream: ClientHttp2Stream): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("response", (got) => {
    headers = got;
  });
  stream.on("trailers", (got) => {
    trailers = got;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await ended(stream);
  return { headers, trailers, body: Buffer.concat(chunks), resetCode: stream.rstCode ?? 0 };
}

/** Resolves when the server has said its last word or the stream is closed, well or badly. */
export function ended(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed || stream.readableEnded) resolve();
    stream.once("end", resolve);
    stream.once("close", resolve);
  });
}

/** The status of a gRPC answer, wherever it stood. */
export const grpcStatus = ({ headers, trailers }: RawAnswer): string | undefined =>
  (trailers["grpc-status"] ?? headers["grpc-status"]) as string | undefined;

/** The text of a gRPC answer's status. */
export const grpcMessage = ({ headers, trailers }: RawAnswer): string =>
  decodeURIComponent(String(trailers["grpc-message"] ?? headers["grpc-message"] ?? ""));

/** What an error says for programs. */
export type Explained = {
  readonly reason: string | undefined;
  /** The paths of the fields that are wrong. */
  readonly fields: readonly string[];
  /** It says when to try again. */
  readonly mayRetry: boolean;
};

/** What an error says, wherever it travelled. */
export function explained(status: Status | undefined): Explained {
  const details = status?.details ?? [];
  const found = <T>(unpack: (detail: (typeof details)[number]) => T | undefined): T | undefined =>
    details.map(unpack).find((detail) => detail !== undefined);
  const info = found((detail) => anyUnpack(detail, ErrorInfoSchema));
  const bad: BadRequest | undefined = found((detail) => anyUnpack(detail, BadRequestSchema));
  return {
    reason: info?.reason,
    fields: bad?.fieldViolations.map(({ field }) => field) ?? [],
    mayRetry: found((detail) => anyUnpack(detail, RetryInfoSchema)) !== undefined,
  };
}

/** The whole error of a gRPC answer; undefined where it had no details. */
export function grpcError({ headers, trailers }: RawAnswer): Status | undefined {
  const details = trailers["grpc-status-details-bin"] ?? headers["grpc-status-details-bin"];
  return typeof details === "string" ? fromBinary(StatusSchema, Buffer.from(details, "base64")) : undefined;
}
