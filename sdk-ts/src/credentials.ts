import { baseUrlsOf, defaultUrl, type ServerUrl } from "./address.ts";
import type { Logger } from "./log.ts";

/** A token, or what gives the one to use now: asked with each call and each stream, so that a new one needs no new client. */
export type TokenSource = string | (() => string | Promise<string>);

/** How to meet a server that speaks TLS. Each part is PEM: a text, or the bytes of a file. */
export type TlsOptions = {
  /** Certificates of those who vouch for the server. Default: those that this machine trusts. */
  readonly ca?: string | Uint8Array;
  /** An own certificate, for a server that asks for one. */
  readonly cert?: string | Uint8Array;
  /** The own certificate's key. */
  readonly key?: string | Uint8Array;
};

/** How to reach servers, and what to show them. */
export type Reach = {
  readonly url?: ServerUrl | undefined;
  readonly dial?: unknown;
  readonly token?: TokenSource | undefined;
  readonly tls?: TlsOptions | undefined;
};

/** The base URLs to connect to. Throws a TypeError for what contradicts itself; warns where a token would travel in the open. */
export function reachOf({ url, dial, token, tls }: Reach, log: Logger): readonly string[] {
  if (dial !== undefined && tls !== undefined)
    throw new TypeError("dial and tls: a connection that is dialled is not encrypted here; give one of them");
  if (tls !== undefined && (tls.cert === undefined) !== (tls.key === undefined))
    throw new TypeError("tls.cert and tls.key belong together");
  const urls = baseUrlsOf(url ?? new URL(defaultUrl).host, tls === undefined ? "http" : "https");
  for (const open of urls.filter((each) => each.startsWith("http:"))) {
    if (tls !== undefined) throw new TypeError(`tls: ${open} is not encrypted; write https://`);
    if (token !== undefined && dial === undefined && !isLoopback(new URL(open).hostname))
      log.warn({ url: open }, "the token travels unencrypted: use https");
  }
  return urls;
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
