import { type Kind, oneOf, type Section, textLike } from "./setting.ts";

/** Where tasks are kept, and how safely. */
export const store = {
  envPrefix: "STEM_STORE_",
  settings: {
    url: {
      kind: storeUrl(),
      default: "sqlite:.stem/stem.db",
      help: "Where tasks are kept: sqlite:PATH, postgres://HOST/DATABASE for several servers, or memory: which forgets them.",
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
    ...textLike(
      /^(memory:|sqlite:.+|postgres(ql)?:\/\/.+)$/,
      "memory:, sqlite:PATH or postgres://HOST/DATABASE",
    ),
    show: (value) => JSON.stringify(String(value).replace(/\/\/[^/@]*@/, "//…@")),
  };
}
