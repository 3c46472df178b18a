import { oneOf, type Section } from "./setting.ts";

/** What the server says, and how. */
export const log = {
  envPrefix: "STEM_LOG_",
  settings: {
    level: {
      kind: oneOf(["debug", "info", "warn", "error", "silent"]),
      default: "info",
      help: "The least important lines to log.",
      flag: "--log-level <level>",
    },
    format: {
      kind: oneOf(["auto", "pretty", "json"]),
      default: "auto",
      help: "auto is pretty on a terminal and json elsewhere.",
      flag: "--log-format <format>",
    },
  },
} as const satisfies Section;
