import { digestOfBytes } from "../lib/digest.ts";
import type { Bytes, Namespace } from "./ids.ts";

/** What a task is known by when it is submitted again. */
export type Submitted = {
  readonly namespace: Namespace;
  readonly content: Bytes;
  readonly contentHash: string | undefined;
};

/**
 * A text for everything that makes two submissions the same. Most tasks have no other: their content says it, and hashing it waits
 * until an id is there already, which it hardly ever is.
 */
export const contentHashOf = ({ namespace, content, contentHash }: Submitted): string =>
  contentHash ?? hashOfIdentity(namespace, content);

/** SHA-256 over a namespace, preceded by its length, and an identity: the encoded task without what makes no difference. */
export function hashOfIdentity(namespace: Namespace, identity: Uint8Array): string {
  // A name of a namespace is ASCII, and shorter than what two bytes of length would be for.
  const whole = Buffer.allocUnsafe(1 + namespace.length + identity.length);
  whole[0] = namespace.length;
  whole.write(namespace, 1, "latin1");
  whole.set(identity, 1 + namespace.length);
  return digestOfBytes(whole);
}
