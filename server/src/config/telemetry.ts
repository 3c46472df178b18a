import { realNumber, type Section, textLike } from "./setting.ts";

/** What leaves for a collector. */
export const telemetry = {
  envPrefix: "STEM_",
  settings: {
    otlp: {
      kind: textLike(
        /^(https?:\/\/[^\s/?#]+[^\s?#]*)?$/,
        "the URL of a collector, such as http://127.0.0.1:4318",
      ),
      default: "",
      help: "Send a span of each gRPC call to this OpenTelemetry collector, by OTLP over HTTP.",
      flag: "--otlp <url>",
    },
    traceRatio: {
      kind: realNumber(0, 1),
      default: 1,
      help: "The part of calls to send, where their caller has not decided.",
      flag: "--trace-ratio <part>",
    },
  },
} as const satisfies Section;
