import { listLike, oneOf, type Section, textLike, wholeNumber } from "./setting.ts";

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
      help: "Namespaces that are made at the start, and cannot be deleted.",
      flag: "--namespaces <names>",
    },
    namespaceCreate: {
      kind: oneOf(["explicit", "on-use"]),
      default: "explicit",
      help: "on-use makes a namespace when it is first named; explicit refuses one that nobody made.",
      flag: "--namespace-create <how>",
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
