/** A namespace's routing as the store keeps it: small values under the namespace's name. */

import { type Bytes, type Namespace, type QueueName, queueNameOf } from "../model/ids.ts";

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

/** The name under which the queues are kept whose limits the routing has put, or was about to. */
export const limitedKeyOf = (namespace: Namespace): string => `routing-limits/${namespace}`;

/** As bytes: the same for the same queues. */
export const writeLimited = (queues: Iterable<QueueName>): Bytes =>
  Buffer.from(JSON.stringify([...queues].sort()));

/** From bytes that writeLimited made; undefined: nothing was ever kept. */
export const readLimited = (bytes: Bytes | undefined): ReadonlySet<QueueName> =>
  new Set(
    bytes === undefined ? [] : (JSON.parse(Buffer.from(bytes).toString()) as string[]).map(queueNameOf),
  );
