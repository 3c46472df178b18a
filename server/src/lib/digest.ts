import { createHash, hash } from "node:crypto";

/** SHA-256 over a list: each part is preceded by its length, so that no two lists look alike. As text: 43 characters. */
export function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const sum = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    sum.update(length).update(bytes);
  }
  return sum.digest("base64url");
}

/** SHA-256 of bytes, as text: 43 characters. */
export const digestOfBytes = (bytes: Uint8Array): string => hash("sha256", bytes, "base64url");

/** The first 48 bits of SHA-256 as a number: small enough to be exact, large enough to tell two values apart. */
export const digest48 = (bytes: Uint8Array): number =>
  Number.parseInt(hash("sha256", bytes, "hex").slice(0, 12), 16);
