/** Where a server listens that was started without options. */
export const defaultUrl = "http://127.0.0.1:7836";

/**
 * The base URL of a server's address: `http://host:port`, `https://host:port`, or just `host:port`. Throws a TypeError that says what
 * is wrong with it.
 */
export function baseUrlOf(address: string): string {
  const text = address.includes("://") ? address : `http://${address}`;
  if (!URL.canParse(text)) throw invalid(address, "is not an address");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw invalid(address, "has another scheme");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw invalid(address, "has a path");
  if (url.username !== "" || url.password !== "") throw invalid(address, "has credentials");
  return url.origin;
}

const invalid = (address: string, what: string): TypeError =>
  new TypeError(`server address ${JSON.stringify(address)} ${what}; write http://host:port or host:port`);
