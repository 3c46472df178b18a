import { hashOfIdentity } from "../../model/content-hash.ts";
import type { Namespace } from "../../model/ids.ts";

/** The hash of a row of contents: no text stands for a content that is all there is to hash. */
export const storedHash = (namespace: Namespace, hash: string, content: Uint8Array): string =>
  hash === "" ? hashOfIdentity(namespace, content) : hash;
