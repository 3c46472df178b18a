import { shownUrl } from "../lib/shown-url.ts";
import { type Kind, oneOf, type Section, textLike } from "./setting.ts";

/** Where tasks are kept, and how safely. */
export const store = {
  envPrefix: "STEM_STORE_",
  settings: {
    url: {
      kind: storeUrl(),
      default: "sqlite:.stem/stem.db",
      help: "Where tasks are kept: sqlite:PATH; postgres://HOST/DATABASE or redis://HOST for several servers; or memory: which forgets them.",
      flag: "--store <url>",
    },
    tlsCa: {
      kind: textLike(/^/, "the path of a PEM file"),
      default: "",
      help: "A file of certificates that vouch for the Postgres or Redis; it is checked, and spoken to over TLS only.",
      flag: "--store-tls-ca <file>",
    },
    tlsCert: {
      kind: textLike(/^/, "the path of a PEM file"),
      default: "",
      help: "A file with the server's own certificate for the Postgres or Redis.",
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
      /^(memory:|sqlite:.+|postgres(ql)?:\/\/.+|rediss?:\/\/.+)$/,
      "memory:, sqlite:PATH, postgres://HOST/DATABASE or redis://HOST",
    ),
    show: (value) => JSON.stringify(shownUrl(String(value))),
  };
}
