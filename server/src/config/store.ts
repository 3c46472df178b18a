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
    tlsCa: {
      kind: textLike(/^/, "the path of a PEM file"),
      default: "",
      help: "A file of certificates that vouch for the database; it is checked, and spoken to over TLS only. Read at every connection.",
      flag: "--store-tls-ca <file>",
    },
    tlsCert: {
      kind: textLike(/^/, "the path of a PEM file"),
      default: "",
      help: "A file with the server's own certificate for the database.",
      flag: "--store-tls-cert <file>",
    },
    tlsKey: {
      kind: textLike(/^/, "the path of a PEM file"),
      default: "",
      help: "A file with the key of that certificate.",
      flag: "--store-tls-key <file>",
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
