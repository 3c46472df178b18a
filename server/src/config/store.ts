import { type Kind, oneOf, type Section, textLike } from "./setting.ts";

/** Where tasks are kept, and how safely. */
export const store = {
  envPrefix: "STEM_STORE_",
  settings: {
    url: {
      kind: storeUrl(),
      default: "sqlite:.stem/stem.db",
      help: "Where tasks are kept: sqlite:PATH, or memory: which forgets them when the server ends.",
      flag: "--store <url>",
    },
    durability: {
      kind: oneOf(["auto", "disk", "relaxed"]),
      default: "auto",
      help: "disk syncs before it answers; relaxed may lose the last moments in a power failure; auto is disk where the store has one.",
      flag: "--durability <level>",
    },
  },
} as const satisfies Section;

function storeUrl(): Kind<string> {
  return {
    ...textLike(/^(memory:|sqlite:.+)$/, "memory: or sqlite:PATH"),
    show: (value) => JSON.stringify(String(value).replace(/\/\/[^/@]*@/, "//…@")),
  };
}
