/** Spans under today's names. The instrumentation writes those from before the conventions for RPC were stable. */

import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

/** What a span says of itself. */
export type SpanFacts = Pick<ReadableSpan, "name" | "attributes" | "kind" | "status">;

/** The codes of gRPC, by number. */
const codes = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"],
  ...["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE"],
  ...["UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
];

/** What is the server's fault, whoever asks; the other codes answer a caller who asked for something that cannot be. */
const serverFaults = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/** A span of the instrumentation under the names of semantic-conventions 1.45; others as they are. */
export function renamed({ name, attributes, kind, status }: SpanFacts): SpanFacts {
  const service = attributes["rpc.service"];
  const method = attributes["rpc.method"];
  if (typeof service !== "string" || typeof method !== "string") return { name, attributes, kind, status };
  const number = attributes["rpc.grpc.status_code"];
  const code = typeof number === "number" ? (codes[number] ?? String(number)) : undefined;
  const full = `${service}/${method}`;
  return {
    name: full,
    kind,
    attributes: { "rpc.system.name": "grpc", "rpc.method": full, ...endOf(code, kind) },
    status: statusOf(code, status),
  };
}

function endOf(code: string | undefined, kind: SpanKind): Attributes {
  if (code === undefined) return {};
  const isError = kind === SpanKind.SERVER ? serverFaults.has(code) : code !== "OK";
  return { "rpc.status_code": code, ...(isError && { "error.type": code }) };
}

function statusOf(code: string | undefined, { message }: SpanStatus): SpanStatus {
  if (code === undefined || !serverFaults.has(code)) return { code: SpanStatusCode.UNSET };
  return { code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) };
}

/** Exports spans renamed. */
export function createRenamingExporter(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(underItsName), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** The span itself but for these facts; all else is read from it. */
const underItsName = (span: ReadableSpan): ReadableSpan =>
  Object.create(
    span,
    Object.fromEntries(
      Object.entries(renamed(span)).map(([key, value]) => [key, { value, enumerable: true }]),
    ),
  ) as ReadableSpan;
