import { listLike, type Section, textLike, wholeNumber } from "./setting.ts";

/** The server as a whole. */
export const server = {
  envPrefix: "STEM_",
  settings: {
    namespaces: {
      kind: listLike(
        /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
        "names of 1 to 63 lower-case letters, digits and inner hyphens",
      ),
      default: ["default"] as readonly string[],
      help: "The namespaces that exist.",
      flag: "--namespaces <names>",
    },
    routing: {
      kind: textLike(/^/, "the path of a YAML or JSON file"),
      default: "",
      help: "A file of routes for every namespace, in place of those that ReplaceRouting keeps in the store.",
      flag: "--routing <file>",
    },
    drainMs: {
      kind: wholeNumber(0, 3_600_000),
      default: 10_000,
      help: "How long a stopping server still takes settlements of the work that is out.",
      flag: "--drain-ms <ms>",
    },
  },
} as const satisfies Section;
