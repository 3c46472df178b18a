/** JSON values in one spelling each, and parts of them by JSON Pointer (RFC 6901): for what is to be compared by a digest. */

/** The value of a JSON text. A whole number that a double cannot hold stays the text that it was, so that two of them stay two. */
export const parseExactly = (text: string): unknown =>
  JSON.parse(text, longNumber.test(text) ? keepExact : undefined);

/** Looking at each value costs several times what parsing does, so only texts with such a number in them pay for it. */
const longNumber = /\d{16}/;

function keepExact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? { [exactKey]: source } : value;
}

// No JSON object has a key that is only this one and a value that came from here, unless somebody wants to be taken for a number.
const exactKey = "\u0000number";

/** A value as text: keys in the order of their code units, no spaces. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}

/** The part of a value that a pointer means; undefined where there is none. */
export function partAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const step of pointer.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    // A list has a length of its own, too.
    if (Array.isArray(at) && !listPlace.test(key)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  return at;
}

const listPlace = /^(?:0|[1-9]\d*)$/;
