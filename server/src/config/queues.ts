import { oneOf, type Section } from "./setting.ts";

/** How queues and namespaces come into being. */
export const queues = {
  envPrefix: "STEM_QUEUES_",
  settings: {
    create: {
      kind: oneOf(["on-use", "explicit"]),
      default: "on-use",
      help: "on-use makes a queue with its first task; explicit refuses one that CreateQueue did not make. A namespace may say otherwise.",
      flag: "--queues-create <how>",
    },
  },
} as const satisfies Section;
