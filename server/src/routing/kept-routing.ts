/** A namespace's routing as the store keeps it: a small value under the namespace's name. */

import type { Bytes, Namespace } from "../model/ids.ts";

/** What is kept. */
export type KeptRouting = { readonly revision: number; readonly text: string };

/** The name that it is kept under. */
export const routingKeyOf = (namespace: Namespace): string => `routing/${namespace}`;

/** As bytes: the revision on the first line, the text behind it. */
export const writeKept = ({ revision, text }: KeptRouting): Bytes => Buffer.from(`${revision}\n${text}`);

/** From bytes that writeKept made; undefined: nothing was ever kept. */
export function readKept(bytes: Bytes | undefined): KeptRouting {
  if (bytes === undefined) return { revision: 0, text: "" };
  const whole = Buffer.from(bytes).toString();
  const end = whole.indexOf("\n");
  return { revision: Number(whole.slice(0, end)), text: whole.slice(end + 1) };
}
