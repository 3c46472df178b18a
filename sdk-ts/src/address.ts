/** Where a server listens that was started without options. */
export const defaultUrl = "http://127.0.0.1:7836";

/** The address of a server, or those of several servers of one store: with commas between them, or as a list. */
export type ServerUrl = string | readonly string[];

/** How many servers one client may know. */
export const addressesMax = 32;

/**
 * The base URLs of one or more addresses, in their order. An address is `http://host:port`, `https://host:port`, or just `host:port`,
 * which has the scheme of the first one, or the usual one. Throws a TypeError that says what is wrong with which.
 */
export function baseUrlsOf(addresses: ServerUrl, usualScheme = "http"): readonly string[] {
  const texts = [addresses].flat().flatMap((text) => text.split(","));
  const scheme = schemeOf(texts[0] ?? "") ?? usualScheme;
  const urls = texts.map((text) => baseUrlOf(text.trim(), scheme));
  if (urls.length === 0) throw new TypeError("url must name at least one server; the list is empty");
  if (urls.length > addressesMax)
    throw new TypeError(`url must name at most ${addressesMax} servers; it names ${urls.length}`);
  for (const [place, url] of urls.entries()) {
    const text = texts[place] ?? url;
    // Half of the calls in the clear is never what was meant.
    if (schemeOf(url) !== schemeOf(urls[0] ?? url)) throw invalid(text, "has another scheme than the first");
    if (urls.indexOf(url) < place) throw invalid(text, "is there twice");
  }
  return urls;
}

/**
 * The base URL of a server's address: `http://host:port`, `https://host:port`, or just `host:port`. Throws a TypeError that says what
 * is wrong with it.
 */
export function baseUrlOf(address: string, scheme = "http"): string {
  const text = address.includes("://") ? address : `${scheme}://${address}`;
  if (!URL.canParse(text)) throw invalid(address, "is not an address");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw invalid(address, "has another scheme");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw invalid(address, "has a path");
  if (url.username !== "" || url.password !== "") throw invalid(address, "has credentials");
  return url.origin;
}

const schemeOf = (address: string): string | undefined =>
  address.match(/^([a-z]+):\/\//i)?.[1]?.toLowerCase();

const invalid = (address: string, what: string): TypeError =>
  new TypeError(`server address ${JSON.stringify(address)} ${what}; write http://host:port or host:port`);
