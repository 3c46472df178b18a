/**
 * Spans of gRPC calls, for an OpenTelemetry collector. Loaded only where it is asked for: its libraries cost memory and time. The
 * instrumentation wraps the handlers that grpc-js knows; api/grpc/observed.ts makes our calls pass through them.
 */

import { createRequire } from "node:module";
import { context, DiagLogLevel, diag, propagation } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { GrpcInstrumentation } from "@opentelemetry/instrumentation-grpc";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  StackContextManager,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Log } from "../ports/log.ts";
import { createRenamingExporter } from "./spans.ts";

/** Where spans go, and which. */
export type TracingOptions = {
  /** The collector's address; spans are posted below it, to v1/traces. */
  readonly otlp: string;
  /** From 0 to 1, of the calls whose caller has not decided. */
  readonly traceRatio: number;
  /** The server's version. */
  readonly version: string;
  /** Hears of a collector that does not take them. */
  readonly log: Log;
};

/** A collector that does not answer keeps nothing waiting for longer, least of all the end of the server. */
const exportMsMax = 3000;

/** Begins to trace servers that are made from now on. Answers how to stop: what was traced is sent before. */
export function trace({ otlp, traceRatio, version, log }: TracingOptions): () => Promise<void> {
  const ownsDiag = diag.setLogger(diagTo(log), DiagLogLevel.WARN);
  const url = `${otlp.replace(/\/+$/, "")}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: exportMsMax });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "stem-server", "service.version": version }).merge(
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, as everywhere.
      detectResources({ detectors: [envDetector] }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(traceRatio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: createRenamingExporter(exporter) })],
  });
  // Spans begin and find their parent within one turn, so that no context has to be carried further. A program that has said how it
  // wants these two keeps its own.
  const ownsContext = context.setGlobalContextManager(new StackContextManager().enable());
  const ownsPropagation = propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  // Load balancers ask for health all the time, and nobody wants to read that.
  const instrumentation = new GrpcInstrumentation({ ignoreGrpcMethods: ["Check"] });
  instrumentation.setTracerProvider(provider);
  // Patches are made when the module is required; the classes are the ones that imports see.
  createRequire(import.meta.url)("@grpc/grpc-js");
  return async () => {
    instrumentation.disable();
    await provider.shutdown().catch((error: unknown) => {
      log.warn({ error }, "tracing: the last spans were not sent");
    });
    if (ownsDiag) diag.disable();
    if (ownsContext) context.disable();
    if (ownsPropagation) propagation.disable();
  };
}

/** Warnings and errors of the libraries, in our log. */
function diagTo(log: Log) {
  const warn = (text: string, ...facts: readonly unknown[]): void =>
    log.warn({ ...(facts.length > 0 && { facts }) }, `tracing: ${text}`);
  const unheard = (): void => undefined;
  return { error: warn, warn, info: unheard, debug: unheard, verbose: unheard };
}
