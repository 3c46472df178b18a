import { filePath, type Section } from "./setting.ts";

/** Who may call, by bearer token. */
export const tokens = {
  envPrefix: "STEM_TOKENS_",
  settings: {
    file: {
      kind: filePath("a file of tokens"),
      default: "",
      help: "Names and their tokens, a line each; with it every call must have one, or a client certificate.",
      flag: "--tokens-file <file>",
    },
  },
} as const satisfies Section;
