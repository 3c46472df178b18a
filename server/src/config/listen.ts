import { isIPv4 } from "node:net";
import { type Section, textLike, wholeNumber, yesNo } from "./setting.ts";

/** Where the server listens. */
export const listen = {
  envPrefix: "STEM_LISTEN_",
  settings: {
    host: {
      kind: textLike(/^[A-Za-z0-9.:_-]{1,253}$/, "a host name or an IP address"),
      default: "127.0.0.1",
      help: "Address to listen on.",
      flag: "--host <host>",
    },
    port: {
      kind: wholeNumber(0, 65_535),
      default: 7836,
      help: "Port to listen on, for gRPC, Connect and plain HTTP alike; 0 takes a free one.",
      flag: "--port <number>",
    },
    insecure: {
      kind: yesNo(),
      default: false,
      help: "Allow an address that other machines reach, without TLS or without asking who they are.",
      flag: "--insecure",
    },
  },
} as const satisfies Section;

/** Whether only this machine can reach a server that listens on `host`. A name we do not know counts as reachable. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
