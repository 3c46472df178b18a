/** Who a client certificate says its holder is. */

/** What is read of a certificate, in the form of `getPeerCertificate()`. */
export type NamedCertificate = {
  /** Such as `URI:spiffe://example.org/worker, DNS:worker.example.org`; Node puts values with odd characters in quotes. */
  readonly subjectaltname?: string | undefined;
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | undefined;
};

/** The kinds of alternative names that may be a principal's, best first. */
const kinds = ["URI", "DNS", "email"] as const;
const altName = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;
/** What may stand in logs, and beside what people say of themselves. */
const usable = /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * The principal's name: the first URI among the alternative names, else the first DNS name, else the first mail address, else the
 * subject's common name. Undefined where none of them is 1 to 255 printable ASCII characters.
 */
export function certificateName({ subjectaltname = "", subject }: NamedCertificate): string | undefined {
  const named = [...subjectaltname.matchAll(altName)].map(([, kind = "", value = ""]) => ({
    kind,
    value: unquoted(value),
  }));
  const names = kinds.flatMap((kind) => named.filter((each) => each.kind === kind));
  const common = [subject?.CN ?? []].flat();
  return [...names.map(({ value }) => value), ...common].find((name) => usable.test(name));
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    // Quoted in a way that JSON does not know; not usable as a name.
    return "";
  }
}
