import { shownUrl } from "../../lib/shown-url.ts";
import type { TlsFiles } from "../../lib/tls-files.ts";

/** Where a Redis is, and what of it is ours. */
export type Address = {
  /** The URL as it may be shown. */
  readonly shown: string;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** The path of a socket of this machine, instead of hosts. */
  readonly socket: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** What the names of all our keys begin with. */
  readonly prefix: string;
  /** Whether everything may go with the next crash of the server. */
  readonly isVolatile: boolean;
  /** Files for connections over TLS; undefined: there is none. */
  readonly tls: TlsFiles | undefined;
};

const usualPort = 6379;
const parameters = ["prefix", "socket", "volatile", "ca", "cert", "key"];
const form =
  "redis://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][/DATABASE][?prefix=NAME&volatile=yes], or redis:///?socket=PATH";

/** Reads redis: and rediss: URLs. Throws, saying what is wrong. */
export function readAddress(url: string): Address {
  const parts = /^(rediss?):\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url);
  if (parts === null) throw wrong(url, "is not a URL of Redis");
  const [, scheme, user, hostText = "", database = "", query = ""] = parts;
  const said = new URLSearchParams(query);
  for (const name of said.keys())
    if (!parameters.includes(name))
      throw wrong(url, `says ${JSON.stringify(name)}, which is none of ${parameters.join(", ")}`);
  if (scheme === "redis" && ["ca", "cert", "key"].some((name) => said.has(name)))
    throw wrong(url, "names certificates, and is not encrypted: write rediss://");
  const socket = said.get("socket") ?? undefined;
  if ((hostText === "") === (socket === undefined)) throw wrong(url, "needs either a host or a socket");
  const [username, password] = credentialsOf(user);
  return {
    shown: shownUrl(url),
    hosts: hostText === "" ? [] : hostText.split(",").map((text) => hostOf(url, text)),
    socket,
    username,
    password,
    db: databaseOf(url, database),
    prefix: prefixOf(url, said.get("prefix") ?? "stem"),
    isVolatile: isYes(url, said.get("volatile")),
    tls: scheme === "rediss" ? tlsOf(url, said) : undefined,
  };
}

const wrong = (url: string, what: string): Error =>
  new Error(`the store ${shownUrl(url)} ${what}: give ${form}`);

function credentialsOf(user: string | undefined): readonly [string | undefined, string | undefined] {
  if (user === undefined || user === "") return [undefined, undefined];
  const at = user.indexOf(":");
  const [name, password] = at < 0 ? [user, undefined] : [user.slice(0, at), user.slice(at + 1)];
  const decoded = (text: string | undefined): string | undefined =>
    text === undefined || text === "" ? undefined : decodeURIComponent(text);
  return [decoded(name), decoded(password)];
}

function hostOf(url: string, text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? usualPort : Number(digits);
  if (host === undefined || port < 1 || port > 65_535)
    throw wrong(url, `names ${JSON.stringify(text)}, which is no host`);
  return { host, port };
}

function databaseOf(url: string, text: string): number {
  if (!/^\d{0,3}$/.test(text))
    throw wrong(url, `names the database ${JSON.stringify(text)}, and not a number`);
  return Number(text);
}

/** A prefix is part of a hash tag, and a blank ends it in lists. */
function prefixOf(url: string, text: string): string {
  if (!/^[\w.-]{1,64}$/.test(text))
    throw wrong(url, `has a prefix other than 1 to 64 letters, digits, dots, hyphens and underscores`);
  return text;
}

function isYes(url: string, text: string | null): boolean {
  if (text === null || text === "no") return false;
  if (text === "yes") return true;
  throw wrong(url, `says volatile=${text}, and knows yes and no`);
}

function tlsOf(url: string, said: URLSearchParams): TlsFiles {
  const file = (name: string): string | undefined => {
    const path = said.get(name) ?? undefined;
    if (path === "") throw wrong(url, `names no file as ${name}`);
    return path;
  };
  return { ca: file("ca"), cert: file("cert"), key: file("key") };
}
