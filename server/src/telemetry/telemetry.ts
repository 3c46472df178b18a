/**
 * What operators see of a running server. Its log: one line a fact, JSON for machines, coloured text on a terminal; rooms know only
 * ports/log.ts. And, where it is asked for, spans of its gRPC calls (tracing.ts).
 */

import { destination, type Logger, pino, stdSerializers } from "pino";
import { PinoPretty } from "pino-pretty";
import type { TracingOptions } from "./tracing.ts";

/** How to log. */
export type LogOptions = {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** auto: pretty when `stream` is a terminal, else json. */
  readonly format: "auto" | "pretty" | "json";
};

/** A log on standard output. Lines are written before the call returns, so that the last words of a crash are read. */
export function createLog({ level, format }: LogOptions): Logger {
  const pretty = format === "pretty" || (format === "auto" && process.stdout.isTTY);
  const base = { level, base: { pid: process.pid }, serializers: { error: stdSerializers.err } };
  if (!pretty) return pino(base, destination({ dest: 1, sync: true }));
  const stream = PinoPretty({
    sync: true,
    destination: 1,
    ignore: "pid",
    singleLine: true,
    translateTime: "SYS:HH:MM:ss.l",
  });
  return pino(base, stream);
}

/** Traces servers that are made from now on, if there is a collector to send to. Answers how to stop. */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  if (options.otlp === "") return async () => undefined;
  const { trace } = await import("./tracing.ts");
  return trace(options);
}
