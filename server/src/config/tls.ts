import { filePath, oneOf, type Section } from "./setting.ts";

/** TLS on the server's port. */
export const tls = {
  envPrefix: "STEM_TLS_",
  settings: {
    cert: {
      kind: filePath("a PEM file"),
      default: "",
      help: "The server's certificate, with those between it and its root; with tls.key the port speaks TLS only.",
      flag: "--tls-cert <file>",
    },
    key: {
      kind: filePath("a PEM file"),
      default: "",
      help: "The key of the server's certificate; nobody else may read it.",
      flag: "--tls-key <file>",
    },
    clientCa: {
      kind: filePath("a PEM file"),
      default: "",
      help: "Certificates of those who vouch for clients; with it clients are asked for a certificate.",
      flag: "--tls-client-ca <file>",
    },
    clientAuth: {
      kind: oneOf(["require", "request"]),
      default: "require",
      help: "require ends the handshake of a client without a certificate; request lets it come with a token instead.",
      flag: "--tls-client-auth <how>",
    },
  },
} as const satisfies Section;
